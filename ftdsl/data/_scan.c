/* Lines of JSON conversations, read without making an object of them: which turns each row has, who
 * speaks, and where the texts lie in the bytes.
 *
 * Only plain rows are read: `{"messages": [{"role": "user", "content": "…"}, …]}`, whatever the keys
 * are called, with further members that are texts, numbers, bools and null. A block with any other
 * row, or with anything that a reader might stumble over (a key that stands twice, NUL, numbers that
 * are not exact), is declined whole: `ftdsl/data/records.py` then reads it and says what is wrong.
 * So what is read here is what is read there, and a test holds that.
 *
 * Bytes are untrusted: every line is checked to be JSON in UTF-8, and no index leaves the buffer.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef const uint8_t *Bytes;

enum { ESCAPED = 1, WIDE = 2, BLANK = 4 };
enum { MOST_KEYS = 32, MOST_NAMES = 16, MOST_DIGITS = 15, MOST_NUMBER = 64 };
/* The names of speakers are given in an order: those of the system, of the assistant, the others. */
enum { SYSTEMS = 2, ASSISTANTS = 5 };

/* ------------------------------------------------------------------ growing arrays */

typedef struct {
    uint8_t *at;
    size_t size, room;
} Heap;

static int push(Heap *heap, const void *bytes, size_t size)
{
    if (heap->size + size > heap->room) {
        size_t room = heap->room * 2 + size + 4096;
        uint8_t *at = realloc(heap->at, room);
        if (at == NULL)
            return 0;
        heap->at = at;
        heap->room = room;
    }
    memcpy(heap->at + heap->size, bytes, size);
    heap->size += size;
    return 1;
}

static int push_number(Heap *heap, Py_ssize_t number)
{
    int32_t small = (int32_t)number;
    return push(heap, &small, 4);
}

static int push_byte(Heap *heap, int byte)
{
    uint8_t one = (uint8_t)byte;
    return push(heap, &one, 1);
}

/* ------------------------------------------------------------------ strings */

static int hex_digits(Bytes at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The code point of the escape whose backslash is at `at`, with its length in `size`; -1 for one
 * that is wrong or half of a pair. */
static int32_t escape(Bytes at, Bytes end, int *size)
{
    if (end - at < 2)
        return -1;
    *size = 2;
    switch (at[1]) {
    case '"': case '\\': case '/': return at[1];
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return -1;
    }
    if (end - at < 6)
        return -1;
    int first = hex_digits(at + 2);
    *size = 6;
    if (first < 0xD800 || first > 0xDFFF)
        return first;
    if (first > 0xDBFF || end - at < 12 || at[6] != '\\' || at[7] != 'u')
        return -1;
    int second = hex_digits(at + 8);
    if (second < 0xDC00 || second > 0xDFFF)
        return -1;
    *size = 12;
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

/* Length of the UTF-8 sequence at `at`, whose first byte is not ASCII; 0 for one that is wrong. */
static int sequence(Bytes at, Bytes end)
{
    uint8_t lead = at[0];
    Py_ssize_t left = end - at;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    int size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (left < size)
        return 0;
    for (int i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((lead == 0xE0 && at[1] < 0xA0) || (lead == 0xED && at[1] > 0x9F) ||
        (lead == 0xF0 && at[1] < 0x90) || (lead == 0xF4 && at[1] > 0x8F))
        return 0;
    return size;
}

/* The closing mark of the string that begins at `at`; NULL where there is none, or where the string
 * is wrong or holds NUL. */
static Bytes string_end(Bytes at, Bytes end, int *flags)
{
    while (at < end) {
#if defined(__SSE2__)
        while (end - at >= 16) {
            __m128i sixteen = _mm_loadu_si128((const __m128i *)at);
            __m128i odd = _mm_or_si128(
                _mm_cmplt_epi8(sixteen, _mm_set1_epi8(0x20)),
                _mm_or_si128(_mm_cmpeq_epi8(sixteen, _mm_set1_epi8('"')),
                             _mm_cmpeq_epi8(sixteen, _mm_set1_epi8('\\'))));
            int found = _mm_movemask_epi8(odd);
            if (found) {
                while (!(found & 1)) {
                    found >>= 1;
                    at++;
                }
                break;
            }
            at += 16;
        }
        if (at == end)
            return NULL;
#endif
        uint8_t c = *at;
        if (c == '"')
            return at;
        if (c == '\\') {
            int size;
            int32_t point = escape(at, end, &size);
            if (point <= 0)
                return NULL;
            *flags |= point < 0x80 ? ESCAPED : ESCAPED | WIDE;
            at += size;
        } else if (c < 0x20) {
            return NULL;
        } else if (c < 0x80) {
            at++;
        } else {
            *flags |= WIDE;
            do {
                int size = sequence(at, end);
                if (!size)
                    return NULL;
                at += size;
            } while (at < end && *at >= 0x80);
        }
    }
    return NULL;
}

/* Whether the text may be white space alone: what begins with a visible character is not. */
static int may_be_blank(Bytes at, Bytes end)
{
    for (; at < end; at++) {
        if (*at == ' ')
            continue;
        if (*at == '\\') {
            at++;
            if (*at == 'n' || *at == 't' || *at == 'r' || *at == 'f')
                continue;
            return *at == 'u';
        }
        /* Unicode's spaces begin with one of these bytes. */
        return *at == 0xC2 || *at == 0xE1 || *at == 0xE2 || *at == 0xE3;
    }
    return 1;
}

/* ------------------------------------------------------------------ a line */

typedef struct {
    Bytes at;
    Py_ssize_t size;
} Name;

typedef struct {
    Bytes start, end;
    Name turns, speaker, text;
    Name names[MOST_NAMES];
    int name_count;
    Name keys[MOST_KEYS];
    int key_count;
    Heap ends, counts, roles, starts, stops, flags;
    Heap other_rows, other_keys, other_kinds, other_starts, other_stops;
    int32_t row;
    int exhausted;
} Scan;

static int is(Name name, Bytes at, Bytes end)
{
    return name.size == end - at && memcmp(name.at, at, (size_t)name.size) == 0;
}

static inline Bytes spaces(Bytes at, Bytes end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* After spaces the byte `wanted`, and spaces again; NULL where something else stands there. */
static inline Bytes past(Bytes at, Bytes end, uint8_t wanted)
{
    if (at == NULL)
        return NULL;
    at = spaces(at, end);
    return at < end && *at == wanted ? spaces(at + 1, end) : NULL;
}

/* A string: where its content begins and ends; the place after it. */
static Bytes string(Bytes at, Bytes end, Bytes *first, Bytes *last, int *flags)
{
    if (at == NULL || at == end || *at != '"')
        return NULL;
    *first = at + 1;
    *flags = 0;
    *last = string_end(at + 1, end, flags);
    return *last == NULL ? NULL : *last + 1;
}

static Bytes turn(Scan *scan, Bytes at, Bytes end)
{
    int role = -1, flags = -1, seen = 0;
    Bytes first = NULL, last = NULL;
    at = past(at, end, '{');
    for (int member = 0; member < 2; member++) {
        Bytes key, key_end, from, to;
        int odd;
        if (member && (at = past(at, end, ',')) == NULL)
            return NULL;
        if ((at = string(at, end, &key, &key_end, &odd)) == NULL || odd)
            return NULL;
        if ((at = past(at, end, ':')) == NULL ||
            (at = string(at, end, &from, &to, &odd)) == NULL)
            return NULL;
        if (is(scan->speaker, key, key_end) && !odd) {
            for (int i = 0; i < scan->name_count && role < 0; i++)
                if (is(scan->names[i], from, to))
                    role = i;
            seen |= 1;
        } else if (is(scan->text, key, key_end)) {
            first = from;
            last = to;
            flags = odd;
            seen |= 2;
        } else {
            return NULL;
        }
    }
    if (seen != 3 || role < 0 || (at = past(at, end, '}')) == NULL)
        return NULL;
    if (may_be_blank(first, last))
        flags |= BLANK;
    if (!push_byte(&scan->roles, role) || !push_byte(&scan->flags, flags) ||
        !push_number(&scan->starts, first - scan->start) ||
        !push_number(&scan->stops, last - scan->start)) {
        scan->exhausted = 1;
        return NULL;
    }
    return at;
}

static Bytes conversation(Scan *scan, Bytes at, Bytes end)
{
    int32_t count = 0;
    if ((at = past(at, end, '[')) == NULL || at == end)
        return NULL;
    if (*at == ']') {
        at = spaces(at + 1, end);
    } else {
        for (;;) {
            if ((at = turn(scan, at, end)) == NULL || at == end)
                return NULL;
            count++;
            if (*at == ']')
                break;
            if ((at = past(at, end, ',')) == NULL)
                return NULL;
        }
        at = spaces(at + 1, end);
    }
    if (!push_number(&scan->counts, count)) {
        scan->exhausted = 1;
        return NULL;
    }
    return at;
}

/* A number that every reader takes for the same: few digits, no exponent, no negative zero. */
static Bytes number(Bytes at, Bytes end, int *kind)
{
    Bytes first = at;
    int digits = 0;
    *kind = 'i';
    if (*at == '-')
        at++;
    Bytes whole = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        digits++;
    if (!digits || digits > MOST_DIGITS || (*whole == '0' && (digits > 1 || *first == '-')))
        return NULL;
    if (at < end && *at == '.') {
        Bytes point = at++;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        if (at - point < 2)
            return NULL;
        *kind = 'f';
    }
    if (at - first > MOST_NUMBER || (at < end && (*at == 'e' || *at == 'E')))
        return NULL;
    return at;
}

/* A member that is no list of turns: a text, a number, a bool or null. */
static Bytes scalar(Scan *scan, Bytes at, Bytes end, int key)
{
    Bytes first = at, last;
    int kind = 0, flags;
    static const struct { const char *word; int kind; } words[] = {
        {"true", 'b'}, {"false", 'b'}, {"null", 'n'}};
    if (at == NULL || at == end)
        return NULL;
    if (*at == '"') {
        Bytes inner;
        at = string(at, end, &inner, &last, &flags);
        kind = 's';
    } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
        at = number(at, end, &kind);
    } else {
        for (int i = 0; i < 3 && !kind; i++) {
            size_t size = strlen(words[i].word);
            if ((size_t)(end - at) >= size && memcmp(at, words[i].word, size) == 0) {
                kind = words[i].kind;
                at += size;
            }
        }
    }
    if (at == NULL || !kind)
        return NULL;
    if (!push_number(&scan->other_rows, scan->row) || !push_byte(&scan->other_keys, key) ||
        !push_byte(&scan->other_kinds, kind) ||
        !push_number(&scan->other_starts, first - scan->start) ||
        !push_number(&scan->other_stops, at - scan->start)) {
        scan->exhausted = 1;
        return NULL;
    }
    return spaces(at, end);
}

/* The number of a key, which is new or known; -1 where there are too many. */
static int key_number(Scan *scan, Bytes at, Bytes end)
{
    for (int i = 0; i < scan->key_count; i++)
        if (is(scan->keys[i], at, end))
            return i;
    if (scan->key_count == MOST_KEYS)
        return -1;
    scan->keys[scan->key_count] = (Name){at, end - at};
    return scan->key_count++;
}

static int line(Scan *scan, Bytes at, Bytes end)
{
    uint32_t seen = 0;
    int turns_seen = 0;
    at = past(spaces(at, end), end, '{');
    for (;;) {
        Bytes key, key_end;
        int odd;
        if ((at = string(at, end, &key, &key_end, &odd)) == NULL || (odd & ESCAPED) ||
            (at = past(at, end, ':')) == NULL)
            return 0;
        if (is(scan->turns, key, key_end)) {
            if (turns_seen++ || (at = conversation(scan, at, end)) == NULL)
                return 0;
        } else {
            int number = key_number(scan, key, key_end);
            if (number < 0 || seen >> number & 1)
                return 0;
            seen |= UINT32_C(1) << number;
            if ((at = scalar(scan, at, end, number)) == NULL)
                return 0;
        }
        if (at < end && *at == '}')
            break;
        if ((at = past(at, end, ',')) == NULL)
            return 0;
    }
    return turns_seen && spaces(at + 1, end) == end;
}

static int lines(Scan *scan)
{
    Bytes at = scan->start;
    while (at < scan->end) {
        Bytes stop = memchr(at, '\n', (size_t)(scan->end - at));
        if (stop == NULL)
            stop = scan->end;
        if (!line(scan, at, stop))
            return 0;
        if (!push_number(&scan->ends, stop - scan->start)) {
            scan->exhausted = 1;
            return 0;
        }
        scan->row++;
        if (stop == scan->end)
            return 1;
        at = stop + 1;
    }
    return 0; /* A line end at the very end has a blank line after it. */
}

static PyObject *bytes_of(Heap *heap)
{
    return PyBytes_FromStringAndSize((const char *)heap->at, (Py_ssize_t)heap->size);
}

static PyObject *told(Scan *scan)
{
    Heap *heaps[] = {&scan->ends, &scan->counts, &scan->roles, &scan->starts, &scan->stops,
                     &scan->flags, &scan->other_rows, &scan->other_keys, &scan->other_kinds,
                     &scan->other_starts, &scan->other_stops};
    const int count = (int)(sizeof heaps / sizeof *heaps);
    PyObject *found = PyTuple_New(count + 1);
    PyObject *keys = found == NULL ? NULL : PyTuple_New(scan->key_count);
    if (keys == NULL) {
        Py_XDECREF(found);
        return NULL;
    }
    PyTuple_SetItem(found, count, keys);
    for (int i = 0; i < count; i++) {
        PyObject *one = bytes_of(heaps[i]);
        if (one == NULL || PyTuple_SetItem(found, i, one) < 0) {
            Py_DECREF(found);
            return NULL;
        }
    }
    for (int i = 0; i < scan->key_count; i++) {
        Name key = scan->keys[i];
        PyObject *one = PyUnicode_DecodeUTF8((const char *)key.at, key.size, NULL);
        if (one == NULL || PyTuple_SetItem(keys, i, one) < 0) {
            Py_DECREF(found);
            return NULL;
        }
    }
    return found;
}

static void drop(Scan *scan)
{
    Heap *heaps[] = {&scan->ends, &scan->counts, &scan->roles, &scan->starts, &scan->stops,
                     &scan->flags, &scan->other_rows, &scan->other_keys, &scan->other_kinds,
                     &scan->other_starts, &scan->other_stops};
    for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++)
        free(heaps[i]->at);
}

PyDoc_STRVAR(scan_doc,
    "scan(data, turns, speaker, text, names)\n--\n\n"
    "The rows of the lines in `data`: ends of lines, numbers of turns, and of every turn its role,\n"
    "where its text starts and stops, and its flags; then of all further members row, key, kind,\n"
    "start and stop, and their keys. None where a line is no plain row.");

static PyObject *scan_lines(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer data;
    const char *turns, *speaker, *text;
    Py_ssize_t turns_size, speaker_size, text_size;
    PyObject *names, *found = NULL;
    Scan scan;
    memset(&scan, 0, sizeof scan);
    if (!PyArg_ParseTuple(args, "y*y#y#y#O", &data, &turns, &turns_size, &speaker, &speaker_size,
                          &text, &text_size, &names))
        return NULL;
    if (!PyTuple_Check(names) || PyTuple_Size(names) > MOST_NAMES || data.len > INT32_MAX / 2) {
        PyErr_SetString(PyExc_ValueError, "at most 16 names in a tuple, and 1 GiB");
        goto end;
    }
    scan.start = data.buf;
    scan.end = scan.start + data.len;
    scan.turns = (Name){(Bytes)turns, turns_size};
    scan.speaker = (Name){(Bytes)speaker, speaker_size};
    scan.text = (Name){(Bytes)text, text_size};
    scan.name_count = (int)PyTuple_Size(names);
    for (int i = 0; i < scan.name_count; i++) {
        char *name;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(names, i), &name, &scan.names[i].size) < 0)
            goto end;
        scan.names[i].at = (Bytes)name;
    }
    int plain;
    Py_BEGIN_ALLOW_THREADS
    plain = lines(&scan);
    Py_END_ALLOW_THREADS
    if (scan.exhausted)
        PyErr_NoMemory();
    else
        found = plain ? told(&scan) : Py_NewRef(Py_None);
end:
    drop(&scan);
    PyBuffer_Release(&data);
    return found;
}

/* ------------------------------------------------------------------ texts of the rows */

static uint8_t *utf8(uint8_t *to, int32_t point)
{
    if (point < 0x80) {
        *to++ = (uint8_t)point;
    } else if (point < 0x800) {
        *to++ = (uint8_t)(0xC0 | point >> 6);
        *to++ = (uint8_t)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *to++ = (uint8_t)(0xE0 | point >> 12);
        *to++ = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (point & 0x3F));
    } else {
        *to++ = (uint8_t)(0xF0 | point >> 18);
        *to++ = (uint8_t)(0x80 | (point >> 12 & 0x3F));
        *to++ = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (point & 0x3F));
    }
    return to;
}

/* The text between `at` and `end`, which was scanned, with its escapes resolved. */
static uint8_t *plain_text(uint8_t *to, Bytes at, Bytes end, int flags)
{
    while (flags & ESCAPED) {
        Bytes mark = memchr(at, '\\', (size_t)(end - at));
        if (mark == NULL)
            break;
        memcpy(to, at, (size_t)(mark - at));
        to += mark - at;
        int size;
        int32_t point = escape(mark, end, &size);
        if (point < 0)
            return NULL;
        to = utf8(to, point);
        at = mark + size;
    }
    memcpy(to, at, (size_t)(end - at));
    return to + (end - at);
}

enum { PROMPT, REPLY, SYSTEM };

typedef struct {
    Py_buffer data, counts, roles, starts, stops, flags;
    int which;
} Request;

/* Whether the turn `i`, of those from `first` on, is in the wanted text. `last` is the row's last
 * turn of the assistant, or -1. */
static int wanted(const uint8_t *roles, Py_ssize_t i, Py_ssize_t last, int which)
{
    if (which == REPLY)
        return i == last;
    if (which == SYSTEM)
        return roles[i] < SYSTEMS;
    return roles[i] >= SYSTEMS && (last < 0 || i < last);
}

static int join(const Request *from, uint8_t **to, int64_t *ends, int32_t *sizes)
{
    const int32_t *counts = from->counts.buf, *starts = from->starts.buf, *stops = from->stops.buf;
    const uint8_t *roles = from->roles.buf, *flags = from->flags.buf;
    Bytes data = from->data.buf;
    uint8_t *begun = *to;
    Py_ssize_t rows = from->counts.len / 4, all = from->roles.len, first = 0;
    for (Py_ssize_t row = 0; row < rows; row++) {
        Py_ssize_t after = first + counts[row], last = after - 1;
        uint8_t *text = *to;
        int any = 0, wide = 0;
        if (counts[row] < 0 || after > all)
            return 0;
        while (last >= first && (roles[last] < SYSTEMS || roles[last] >= ASSISTANTS))
            last--;
        if (last < first)
            last = -1;
        for (Py_ssize_t i = first; i < after; i++) {
            if (!wanted(roles, i, last, from->which))
                continue;
            if (starts[i] < 0 || stops[i] < starts[i] || stops[i] > from->data.len)
                return 0;
            if (any++)
                *(*to)++ = '\n';
            *to = plain_text(*to, data + starts[i], data + stops[i], flags[i]);
            if (*to == NULL)
                return 0;
            wide |= flags[i] & WIDE;
        }
        sizes[row] = (int32_t)(*to - text);
        if (wide)
            for (uint8_t *at = text; at < *to; at++)
                sizes[row] -= (*at & 0xC0) == 0x80;
        *(*to)++ = '\n';
        ends[row] = *to - begun;
        first = after;
    }
    return 1;
}

/* Bytes that are room enough: those of all texts as they are written, and a line end after each. */
static Py_ssize_t room(const Request *from)
{
    const int32_t *starts = from->starts.buf, *stops = from->stops.buf;
    Py_ssize_t turns = from->roles.len, bytes = turns + from->counts.len / 4;
    for (Py_ssize_t i = 0; i < turns; i++)
        bytes += stops[i] > starts[i] ? stops[i] - starts[i] : 0;
    return bytes;
}

PyDoc_STRVAR(texts_doc,
    "texts(data, counts, roles, starts, stops, flags, which)\n--\n\n"
    "Of every row the prompt (0), the reply (1) or the system's text (2), as `ftdsl/data/views.py`\n"
    "tells them: all bytes, a line end between two; where the next one starts; its characters.");

static PyObject *texts(PyObject *self, PyObject *args)
{
    (void)self;
    Request from;
    PyObject *joined = NULL, *ends = NULL, *sizes = NULL, *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*i", &from.data, &from.counts, &from.roles,
                          &from.starts, &from.stops, &from.flags, &from.which))
        return NULL;
    Py_ssize_t rows = from.counts.len / 4, turns = from.roles.len;
    int fits = 0;
    uint8_t *first = NULL;
    if (from.starts.len == turns * 4 && from.stops.len == turns * 4 && from.flags.len == turns) {
        first = malloc((size_t)room(&from) + 1);
        ends = PyBytes_FromStringAndSize(NULL, rows * 8);
        sizes = PyBytes_FromStringAndSize(NULL, rows * 4);
        if (first == NULL || ends == NULL || sizes == NULL) {
            PyErr_NoMemory();
            goto end;
        }
        uint8_t *to = first;
        int64_t *end_places = (int64_t *)PyBytes_AsString(ends);
        int32_t *size_places = (int32_t *)PyBytes_AsString(sizes);
        Py_BEGIN_ALLOW_THREADS
        fits = join(&from, &to, end_places, size_places);
        Py_END_ALLOW_THREADS
        /* No line end after the last. */
        if (fits)
            joined = PyBytes_FromStringAndSize((char *)first, to - first - (rows > 0));
    }
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "these are not the arrays of a scan");
    else if (joined != NULL)
        found = PyTuple_Pack(3, joined, ends, sizes);
end:
    free(first);
    Py_XDECREF(joined);
    Py_XDECREF(ends);
    Py_XDECREF(sizes);
    PyBuffer_Release(&from.data);
    PyBuffer_Release(&from.counts);
    PyBuffer_Release(&from.roles);
    PyBuffer_Release(&from.starts);
    PyBuffer_Release(&from.stops);
    PyBuffer_Release(&from.flags);
    return found;
}

/* ------------------------------------------------------------------ what texts hold */

/* Words of the text between `at` and `end`; -1 where a character is beyond the table. */
static int32_t word_count(Bytes at, Bytes end, Bytes table, int32_t points)
{
    int32_t count = 0;
    int inside = 0;
    while (at < end) {
        int32_t point = *at++;
        if (point >= 0xE0 && point < 0xF0 && end - at >= 2) {
            point = (point & 0x0F) << 12 | (at[0] & 0x3F) << 6 | (at[1] & 0x3F);
            at += 2;
        } else if (point >= 0xC0 && point < 0xE0 && end - at >= 1) {
            point = (point & 0x1F) << 6 | (at[0] & 0x3F);
            at += 1;
        } else if (point >= 0x80) {
            return -1;
        }
        if (point >= points)
            return -1;
        int word = table[point];
        count += word & ~inside;
        inside = word;
    }
    return count;
}

PyDoc_STRVAR(words_doc,
    "words(joined, ends, table)\n--\n\n"
    "Runs of characters that have a 1 in `table`, in each of the texts; -1 for a text with a\n"
    "character that the table does not know.");

static PyObject *words(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer joined, ends, table;
    if (!PyArg_ParseTuple(args, "y*y*y*", &joined, &ends, &table))
        return NULL;
    Py_ssize_t rows = ends.len / 8;
    PyObject *found = table.len < 128 ? NULL : PyBytes_FromStringAndSize(NULL, rows * 4);
    int fits = found != NULL;
    if (fits) {
        const int64_t *places = ends.buf;
        int32_t *counts = (int32_t *)PyBytes_AsString(found);
        Bytes data = joined.buf;
        Py_BEGIN_ALLOW_THREADS
        int64_t first = 0;
        for (Py_ssize_t row = 0; row < rows && fits; row++) {
            int64_t last = places[row] - 1;
            fits = last >= first && last <= joined.len;
            if (fits)
                counts[row] = word_count(data + first, data + last, table.buf, (int32_t)table.len);
            first = last + 1;
        }
        Py_END_ALLOW_THREADS
    }
    if (!fits && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "these are not the ends of texts");
    if (!fits)
        Py_CLEAR(found);
    PyBuffer_Release(&joined);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&table);
    return found;
}

PyDoc_STRVAR(pairs_doc,
    "pairs(data, first, follows)\n--\n\n"
    "Places of the bytes of `first` after which one stands that has a 1 in `follows`, which has\n"
    "256; one kind of byte after the other.");

static PyObject *pairs(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer data, first, follows;
    Heap places = {0};
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*", &data, &first, &follows))
        return NULL;
    if (follows.len != 256) {
        PyErr_SetString(PyExc_ValueError, "a table of 256 bytes is needed");
        goto end;
    }
    Bytes begun = data.buf, end = begun + data.len, table = follows.buf;
    int fits = 1;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < first.len && fits; i++) {
        Bytes at = begun;
        while (at < end && (at = memchr(at, ((Bytes)first.buf)[i], (size_t)(end - at))) != NULL) {
            if (at + 1 < end && table[at[1]]) {
                int64_t place = at - begun;
                if (!(fits = push(&places, &place, 8)))
                    break;
            }
            at++;
        }
    }
    Py_END_ALLOW_THREADS
    if (!fits)
        PyErr_NoMemory();
    else
        found = bytes_of(&places);
end:
    free(places.at);
    PyBuffer_Release(&data);
    PyBuffer_Release(&first);
    PyBuffer_Release(&follows);
    return found;
}

/* ------------------------------------------------------------------ where a file is cut */

static uint32_t crc_table[8][256];

static void make_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
        crc_table[0][i] = crc;
    }
    for (int i = 1; i < 8; i++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = crc_table[i - 1][byte];
            crc_table[i][byte] = crc_table[0][before & 0xFF] ^ before >> 8;
        }
}

/* The CRC-32 of zlib, eight bytes at a time. */
static uint32_t crc32_of(uint32_t crc, Bytes at, Bytes end)
{
    crc = ~crc;
    for (; end - at >= 8; at += 8) {
        uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                              (uint32_t)at[3] << 24);
        crc = crc_table[7][low & 0xFF] ^ crc_table[6][low >> 8 & 0xFF] ^
              crc_table[5][low >> 16 & 0xFF] ^ crc_table[4][low >> 24] ^ crc_table[3][at[4]] ^
              crc_table[2][at[5]] ^ crc_table[1][at[6]] ^ crc_table[0][at[7]];
    }
    for (; at < end; at++)
        crc = crc_table[0][(crc ^ *at) & 0xFF] ^ crc >> 8;
    return ~crc;
}

PyDoc_STRVAR(choose_doc,
    "choose(data, at, crc, length, mean, left)\n--\n\n"
    "The place after the first line from `at` on that may end a chunk: one whose CRC-32, times\n"
    "`mean`, is below its length times 2^32, or any line end once `left` bytes are passed; 0 where\n"
    "there is none, with the CRC-32 and the length of the line begun.");

static PyObject *choose(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer data;
    Py_ssize_t place, left;
    unsigned int crc;
    unsigned long long length, mean;
    if (!PyArg_ParseTuple(args, "y*nIKKn", &data, &place, &crc, &length, &mean, &left))
        return NULL;
    if (place < 0 || place > data.len) {
        PyErr_SetString(PyExc_ValueError, "the place is not in the data");
        PyBuffer_Release(&data);
        return NULL;
    }
    Bytes begun = data.buf, end = begun + data.len, first = begun + place, at = first;
    Py_ssize_t found = 0;
    Py_BEGIN_ALLOW_THREADS
    while (at < end) {
        Bytes mark = memchr(at, '\n', (size_t)(end - at));
        Bytes stop = mark == NULL ? end : mark + 1;
        crc = crc32_of(crc, at, stop);
        length += (unsigned long long)(stop - at);
        at = stop;
        if (mark == NULL)
            break;
        if ((unsigned long long)crc * mean < length << 32 || stop - first >= left) {
            found = stop - begun;
            break;
        }
        crc = 0;
        length = 0;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return Py_BuildValue("nIK", found, crc, length);
}

PyDoc_STRVAR(count_doc,
    "count(data, byte)\n--\n\n"
    "How often the byte stands in `data`.");

static PyObject *count(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer data;
    unsigned char byte;
    Py_ssize_t found = 0;
    if (!PyArg_ParseTuple(args, "y*b", &data, &byte))
        return NULL;
    Bytes at = data.buf, end = at + data.len;
    Py_BEGIN_ALLOW_THREADS
    /* Few enough that a sum fits a byte, so that the compiler need not widen the lanes. */
    for (; end - at >= 240; at += 240) {
        uint8_t sum = 0;
        for (int i = 0; i < 240; i++)
            sum += at[i] == byte;
        found += sum;
    }
    for (; at < end; at++)
        found += *at == byte;
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return PyLong_FromSsize_t(found);
}

static PyMethodDef methods[] = {
    {"scan", scan_lines, METH_VARARGS, scan_doc},
    {"texts", texts, METH_VARARGS, texts_doc},
    {"words", words, METH_VARARGS, words_doc},
    {"pairs", pairs, METH_VARARGS, pairs_doc},
    {"choose", choose, METH_VARARGS, choose_doc},
    {"count", count, METH_VARARGS, count_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_scan",
    .m_doc = "Plain rows of conversations, read without making objects of them, in C.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__scan(void)
{
    make_crc_table();
    return PyModule_Create(&definition);
}
