/* The loops of the near-duplicate search: words and shingles of texts, counts of shingles, MinHash
 * signatures, and the verified join.
 *
 * ftdsl/dedup/twin.py has the same functions over NumPy arrays, and a test holds the results equal
 * bit for bit. Everything here works on buffers that the caller owns; texts are untrusted, so every
 * index that comes from a buffer is checked before it is used. The GIL is released in all loops.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)
#define PLACE UINT64_C(0xD1342543DE82EF95)
#define NONE UINT32_MAX
#define PAD 16
#define FALLBACK_WIDTH 3
/* Code points that the word table covers; beyond it no code point is part of a word. */
#define TABLE_POINTS 0x40000
/* Code points that the fold table covers, what a point is that only its neighbours decide on, and how
 * many times its own length a point grows at most. From MARKS on stand combining marks, which stay as
 * they are behind a plain point and marks of no higher class; APART is a point that stays as it is but
 * can be taken apart, so that a mark behind it may join it. */
#define FOLD_POINTS 0x20000
#define DEPENDS UINT32_MAX
#define MARKS UINT32_C(0xFFFFFF00)
#define APART 1
#define GROWTH 3

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

#if defined(__GNUC__)
#define FETCH(place) __builtin_prefetch(place)
#define LOWEST_BIT(bits) __builtin_ctzll(bits)
#else
#define FETCH(place) ((void)0)
static int LOWEST_BIT(uint64_t bits)
{
    int at = 0;
    while (!(bits & 1)) {
        bits >>= 1;
        at++;
    }
    return at;
}
#endif

static inline uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xFF51AFD7ED558CCD);
    x ^= x >> 33;
    x *= UINT64_C(0xC4CEB9FE1A85EC53);
    x ^= x >> 33;
    return x;
}

/* Eight bytes as a little-endian number. */
static inline uint64_t lane(const uint8_t *at)
{
    uint64_t x;
    memcpy(&x, at, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static inline uint64_t low_bytes(uint64_t x, size_t count)
{
    return count >= 8 ? x : x & ((UINT64_C(1) << (8 * count)) - 1);
}

/* ---- words ---------------------------------------------------------------------------------- */

WIDE static void fold_ascii(const uint8_t *text, size_t length, uint8_t *folded, uint8_t *inside)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        uint8_t lower = (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
        folded[i] = lower;
        inside[i] = (uint8_t)(((uint8_t)(lower - 'a') < 26) | ((uint8_t)(c - '0') < 10) | (c == '_'));
    }
}

/* The length of the UTF-8 sequence at `text`, 1 for what is none; its code point in `point`. */
static size_t decode(const uint8_t *text, size_t left, uint32_t *point)
{
    uint8_t first = text[0];
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
    *point = 0;
    if (length == 1 || length > left)
        return 1;
    uint32_t value = first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 1;
        value = (value << 6) | (text[i] & 0x3Fu);
    }
    *point = value;
    return length;
}

static void mark_unicode(const uint8_t *text, size_t length, const uint8_t *table, uint8_t *inside)
{
    for (size_t i = 0; i < length;) {
        if (text[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t point;
        size_t size = decode(text + i, length - i, &point);
        uint8_t word = point < TABLE_POINTS ? (table[point >> 3] >> (point & 7)) & 1 : 0;
        memset(inside + i, word, size);
        i += size;
    }
}

/* What the loops know of Unicode: one bit a code point that is part of a word; and for each code point
 * what NFKC and casefold make of it: 0 itself, else (place << 8 | length) in `folded`. */
typedef struct {
    const uint8_t *words;
    const uint32_t *folds;
    const uint8_t *folded;
    size_t fold_count, folded_length;
} Unicode;

/* Folds a text that is UTF-8 and not normalised; its new length, or SIZE_MAX where a code point
 * depends on its neighbours. */
static size_t fold_unicode(const uint8_t *text, size_t length, const Unicode *known, uint8_t *folded,
                           uint8_t *inside)
{
    size_t out = 0;
    /* The class of the mark before, 0 for a plain point, 255 for one that a mark may join. */
    uint32_t before = 255;
    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end + 8 <= length && !(lane(text + end) & UINT64_C(0x8080808080808080)))
            end += 8;
        while (end < length && text[end] < 0x80)
            end++;
        if (end > i) {
            fold_ascii(text + i, end - i, folded + out, inside + out);
            out += end - i;
            i = end;
            before = 0;
        }
        for (; i < length && text[i] >= 0x80;) {
            uint32_t point;
            size_t size = decode(text + i, length - i, &point);
            uint32_t fold = point < known->fold_count ? known->folds[point] : DEPENDS;
            if (fold == DEPENDS)
                return SIZE_MAX;
            if (fold >= MARKS) {
                if ((fold & 0xFF) < before)
                    return SIZE_MAX;
                before = fold & 0xFF;
                fold = 0;
            } else {
                before = fold == 0 ? 0 : 255;
            }
            if (fold <= APART) {
                uint8_t word = (known->words[point >> 3] >> (point & 7)) & 1;
                memcpy(folded + out, text + i, size);
                memset(inside + out, word, size);
                out += size;
            } else {
                size_t place = fold >> 8, grown = fold & 0xFF;
                if (place + grown > known->folded_length || grown > GROWTH * size)
                    return SIZE_MAX;
                fold_ascii(known->folded + place, grown, folded + out, inside + out);
                mark_unicode(folded + out, grown, known->words, inside + out);
                out += grown;
            }
            i += size;
        }
    }
    return out;
}

static uint64_t word_hash(const uint8_t *word, size_t length)
{
    uint64_t hash = mix(low_bytes(lane(word), length) ^ ((uint64_t)length * GOLDEN));
    for (size_t done = 8; done < length; done += 8)
        hash = mix((hash * GOLDEN) ^ low_bytes(lane(word + done), length - done));
    return hash;
}

/* The hashes of the words of a folded text, whose PAD bytes after the end are zero. */
static size_t word_hashes(const uint8_t *folded, const uint8_t *inside, size_t length, uint64_t *out)
{
    size_t count = 0, start = 0;
    uint64_t before = 0;
    for (size_t base = 0; base < length + 1; base += 64) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 64 && base + k < length; k += 8)
            bits |= ((lane(inside + base + k) * UINT64_C(0x0102040810204080)) >> 56) << k;
        uint64_t edges = bits ^ ((bits << 1) | before);
        before = bits >> 63;
        while (edges) {
            size_t at = base + (size_t)LOWEST_BIT(edges);
            if ((bits >> (at - base)) & 1)
                start = at;
            else
                out[count++] = word_hash(folded + start, at - start);
            edges &= edges - 1;
        }
    }
    if (before)
        out[count++] = word_hash(folded + start, length - start);
    return count;
}

/* ---- shingles ------------------------------------------------------------------------------- */

/* Words become runs of `width` words, in place; the number of runs. */
static size_t runs(uint64_t *hashes, size_t words, size_t width)
{
    if (words < width)
        width = words >= FALLBACK_WIDTH ? FALLBACK_WIDTH : words;
    if (width == 0)
        return 0;
    uint64_t plain = 0, placed = 0, length = (uint64_t)width * GOLDEN;
    for (size_t i = 0; i < width; i++) {
        plain += hashes[i];
        placed += i * hashes[i];
    }
    size_t count = words - width + 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t first = hashes[i];
        hashes[i] = mix((PLACE * (plain + 2 * placed)) ^ length);
        if (i + 1 < count) {
            uint64_t next = hashes[i + width];
            plain -= first;
            placed += (width - 1) * next - plain;
            plain += next;
        }
    }
    return count;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts hashes by one pass over their leading bits: they are spread evenly, unless somebody chose
 * them, and then the buckets that are too full are left to qsort. */
static void sort_hashes(uint64_t *values, size_t count, uint64_t *scratch, uint32_t *ends)
{
    if (count < 2)
        return;
    int bits = 1;
    while (bits < 24 && ((size_t)1 << bits) < count)
        bits++;
    size_t buckets = (size_t)1 << bits;
    memset(ends, 0, buckets * sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[values[i] >> (64 - bits)]++;
    uint32_t total = 0;
    int full = 0;
    for (size_t b = 0; b < buckets; b++) {
        uint32_t size = ends[b];
        full |= size > 24;
        ends[b] = total;
        total += size;
    }
    for (size_t i = 0; i < count; i++)
        scratch[ends[values[i] >> (64 - bits)]++] = values[i];
    if (full)
        for (size_t b = 0, start = 0; b < buckets; start = ends[b++])
            if (ends[b] - start > 24)
                qsort(scratch + start, ends[b] - start, sizeof *scratch, ascending);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = scratch[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static size_t distinct(uint64_t *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || values[kept - 1] != values[i])
            values[kept++] = values[i];
    return kept;
}

/* How the bytes of a text are to be taken. */
enum { ASCII, RAW, NORMAL, UNREADABLE };

typedef struct {
    const uint8_t *bytes;
    size_t length;
    int form;
} Text;

typedef struct {
    uint8_t *folded, *inside;
    uint64_t *scratch;
    uint32_t *ends;
} Room;

/* The distinct shingles of a text, sorted; SIZE_MAX where it must be normalised first. */
static size_t one_text(const Text *text, size_t width, const Unicode *known, Room *room, uint64_t *out)
{
    size_t length = text->length;
    if (text->form == UNREADABLE)
        return SIZE_MAX;
    if (text->form == RAW) {
        length = fold_unicode(text->bytes, length, known, room->folded, room->inside);
        if (length == SIZE_MAX)
            return SIZE_MAX;
    } else {
        fold_ascii(text->bytes, length, room->folded, room->inside);
        if (text->form == NORMAL)
            mark_unicode(text->bytes, length, known->words, room->inside);
    }
    memset(room->folded + length, 0, PAD);
    memset(room->inside + length, 0, PAD);
    size_t count = runs(out, word_hashes(room->folded, room->inside, length, out), width);
    sort_hashes(out, count, room->scratch, room->ends);
    return distinct(out, count);
}

/* The longest that a text can become, in bytes, and the most words it can have. */
static size_t folded_length(const Text *text)
{
    return text->form == RAW ? GROWTH * text->length : text->length;
}

/* Fills `texts` from a tuple of str (as they are) and bytes (normalised UTF-8); -1 and an exception if
 * one is neither. */
static int gather(PyObject *tuple, Text *texts, size_t count, size_t *longest, size_t *total)
{
    *longest = *total = 0;
    for (size_t i = 0; i < count; i++) {
        PyObject *one = PyTuple_GetItem(tuple, (Py_ssize_t)i);
        Py_ssize_t length = 0;
        texts[i].form = NORMAL;
        if (PyUnicode_Check(one)) {
            texts[i].bytes = (const uint8_t *)PyUnicode_AsUTF8AndSize(one, &length);
            texts[i].form = length == PyUnicode_GetLength(one) ? ASCII : RAW;
            if (texts[i].bytes == NULL) {
                /* Half a surrogate pair. */
                if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
                    return -1;
                PyErr_Clear();
                texts[i].form = UNREADABLE;
                length = 0;
            }
        } else {
            char *bytes;
            if (PyBytes_AsStringAndSize(one, &bytes, &length) < 0)
                return -1;
            texts[i].bytes = (const uint8_t *)bytes;
        }
        if ((uint64_t)length >= UINT32_MAX / GROWTH) {
            PyErr_SetString(PyExc_OverflowError, "a text is over a gigabyte long");
            return -1;
        }
        texts[i].length = (size_t)length;
        size_t most = folded_length(texts + i);
        if (most > *longest)
            *longest = most;
        *total += most / 2 + 1;
    }
    return 0;
}

static int make_room(Room *room, size_t longest)
{
    size_t words = longest / 2 + 1, buckets = 2;
    while (buckets < words && buckets < ((size_t)1 << 24))
        buckets *= 2;
    room->folded = malloc(longest + PAD);
    room->inside = malloc(longest + PAD + 64);
    room->scratch = malloc(words * sizeof *room->scratch);
    room->ends = malloc(buckets * sizeof *room->ends);
    return room->folded && room->inside && room->scratch && room->ends;
}

static void free_room(Room *room)
{
    free(room->folded);
    free(room->inside);
    free(room->scratch);
    free(room->ends);
}

/* The sums of a set by which equal sets are known. */
static void sum_of(const uint64_t *values, size_t count, uint64_t *sums)
{
    uint64_t plain = 0, mixed = 0;
    for (size_t k = 0; k < count; k++) {
        plain += values[k];
        mixed += mix(values[k]);
    }
    sums[0] = plain;
    sums[1] = mixed;
}

PyDoc_STRVAR(shingle_doc,
             "shingle(texts, width, words, folds, folded) -> (values, counts, sums)\n\n"
             "The distinct shingle hashes of each text, sorted (uint64); how many each has (int64), -1\n"
             "where the text must be normalised first; and two sums over them (uint64) by which equal\n"
             "sets are known. A text is a str, or the UTF-8 bytes of a normalised text.");

static PyObject *shingle(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *tuple, *result = NULL;
    Py_ssize_t width;
    Py_buffer words, folds, folded;
    if (!PyArg_ParseTuple(args, "O!ny*y*y*", &PyTuple_Type, &tuple, &width, &words, &folds, &folded))
        return NULL;
    size_t count = (size_t)PyTuple_Size(tuple), longest, total, used = 0;
    Unicode known = {words.buf, folds.buf, folded.buf, (size_t)folds.len / 4, (size_t)folded.len};
    Text *texts = malloc((count + 1) * sizeof *texts);
    int64_t *counts = malloc((count + 1) * sizeof *counts);
    uint64_t *sums = malloc((count + 1) * 2 * sizeof *sums), *values = NULL;
    Room room = {0};
    if (width < 1 || words.len != TABLE_POINTS / 8 || known.fold_count > FOLD_POINTS) {
        PyErr_SetString(PyExc_ValueError, "width is at least 1, and the table has its size");
        goto done;
    }
    if (texts == NULL || counts == NULL || sums == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (gather(tuple, texts, count, &longest, &total) < 0)
        goto done;
    values = malloc((total + 1) * sizeof *values);
    if (values == NULL || !make_room(&room, longest)) {
        PyErr_NoMemory();
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < count; i++) {
        size_t found = one_text(texts + i, (size_t)width, &known, &room, values + used);
        counts[i] = found == SIZE_MAX ? -1 : (int64_t)found;
        found = found == SIZE_MAX ? 0 : found;
        sum_of(values + used, found, sums + 2 * i);
        used += found;
    }
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("(y#y#y#)", (char *)values, (Py_ssize_t)(used * 8), (char *)counts,
                           (Py_ssize_t)(count * 8), (char *)sums, (Py_ssize_t)(count * 16));
done:
    free_room(&room);
    free(texts);
    free(counts);
    free(sums);
    free(values);
    PyBuffer_Release(&words);
    PyBuffer_Release(&folds);
    PyBuffer_Release(&folded);
    return result;
}

/* ---- rows of JSON lines --------------------------------------------------------------------- */

/* A reader of the usual rows, which reads them as ftdsl/data does or not at all: a line in which
 * anything is out of the ordinary (an escape in a key, a repeated key, a large number, a turn that is
 * more than two texts, what is no JSON) is left to that. The bytes are valid UTF-8. */
typedef struct {
    const uint8_t *at, *end;
} Cursor;

/* A string between its quotation marks. */
typedef struct {
    const uint8_t *at;
    size_t length;
    int escaped;
} Span;

enum { TEXT = 1, NUL = 2, BOOL = 4, INT = 8, FLOAT = 16, LIST = 32, OBJECT = 64, ANY = 127 };
enum { PROMPT, REPLY, FIELD };
enum { ROW, UNUSUAL };
#define NESTED 48
#define DIGITS 15
#define MOST_FIELDS 64

typedef struct {
    const uint8_t *name;
    size_t length;
    int kinds, required;
} Field;

typedef struct {
    Span text;
    int is_system, is_assistant;
} Turn;

typedef struct {
    Field fields[MOST_FIELDS];
    size_t field_count;
    int wanted;
    size_t target;
} Layout;

typedef struct {
    Turn *turns;
    size_t count, room;
    Span field;
    uint8_t *text;
    size_t length;
} Line;

static int is_utf8(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (i + 8 <= length && !(lane(data + i) & UINT64_C(0x8080808080808080))) {
            i += 8;
            continue;
        }
        if (data[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t point;
        size_t size = decode(data + i, length - i, &point);
        if (size == 1 || data[i] > 0xF4 || (size == 3 && point < 0x800) || (size == 4 && point < 0x10000) ||
            point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
            return 0;
        i += size;
    }
    return 1;
}

static void skip_space(Cursor *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\r'))
        in->at++;
}

static int take_byte(Cursor *in, uint8_t wanted)
{
    skip_space(in);
    if (in->at == in->end || *in->at != wanted)
        return 0;
    in->at++;
    return 1;
}

#define REPEATED(byte) (UINT64_C(0x0101010101010101) * (byte))
#define ZERO_BYTES(x) (((x) - REPEATED(1)) & ~(x) & REPEATED(0x80))

/* A string at its opening mark. */
static int take_string(Cursor *in, Span *out)
{
    if (!take_byte(in, '"'))
        return 0;
    out->at = in->at;
    out->escaped = 0;
    const uint8_t *at = in->at, *end = in->end;
    for (;;) {
        while (at + 8 <= end) {
            uint64_t x = lane(at);
            if (ZERO_BYTES(x ^ REPEATED('"')) | ZERO_BYTES(x ^ REPEATED('\\')) |
                ((x - REPEATED(0x20)) & ~x & REPEATED(0x80)))
                break;
            at += 8;
        }
        if (at == end || *at < 0x20)
            return 0;
        if (*at == '"')
            break;
        if (*at == '\\') {
            out->escaped = 1;
            if (++at == end)
                return 0;
        }
        at++;
    }
    out->length = (size_t)(at - out->at);
    in->at = at + 1;
    return 1;
}

static int hexadecimal(const uint8_t *at, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i], low = c | 0x20;
        if ((uint8_t)(c - '0') < 10)
            *value = *value << 4 | (uint32_t)(c - '0');
        else if ((uint8_t)(low - 'a') < 6)
            *value = *value << 4 | (uint32_t)(low - 'a' + 10);
        else
            return 0;
    }
    return 1;
}

static uint8_t *put_point(uint8_t *out, uint32_t point)
{
    if (point < 0x80) {
        *out++ = (uint8_t)point;
    } else if (point < 0x800) {
        *out++ = (uint8_t)(0xC0 | point >> 6);
        *out++ = (uint8_t)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *out++ = (uint8_t)(0xE0 | point >> 12);
        *out++ = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (point & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | point >> 18);
        *out++ = (uint8_t)(0x80 | (point >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (point & 0x3F));
    }
    return out;
}

/* Writes the text that the string spells; the place behind it, NULL where an escape is wrong. */
static uint8_t *unescape(const Span *from, uint8_t *out)
{
    const uint8_t *at = from->at, *end = at + from->length;
    if (!from->escaped) {
        memcpy(out, at, from->length);
        return out + from->length;
    }
    while (at < end) {
        const uint8_t *mark = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((mark == NULL ? end : mark) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (mark == NULL)
            break;
        if (end - at < 2)
            return NULL;
        static const char short_ones[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        uint8_t kind = at[1];
        const char *found = kind == 0 ? NULL : strchr(short_ones, kind);
        at += 2;
        if (found != NULL) {
            *out++ = (uint8_t)meant[found - short_ones];
            continue;
        }
        uint32_t point, second;
        if (kind != 'u' || end - at < 4 || !hexadecimal(at, &point))
            return NULL;
        at += 4;
        if (point >= 0xD800 && point < 0xE000) {
            if (point >= 0xDC00 || end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
                !hexadecimal(at + 2, &second) || second < 0xDC00 || second >= 0xE000)
                return NULL;
            point = 0x10000 + ((point - 0xD800) << 10) + (second - 0xDC00);
            at += 6;
        }
        out = put_point(out, point);
    }
    return out;
}

/* A number: its kind, 0 where it is none or is not exactly what every reader takes it for. */
static int take_number(Cursor *in)
{
    const uint8_t *at = in->at, *end = in->end, *first;
    int kind = INT;
    if (at < end && *at == '-')
        at++;
    first = at;
    while (at < end && (uint8_t)(*at - '0') < 10)
        at++;
    if (at == first || at - first > DIGITS || (*first == '0' && at - first > 1))
        return 0;
    if (at < end && *at == '.') {
        const uint8_t *fraction = ++at;
        while (at < end && (uint8_t)(*at - '0') < 10)
            at++;
        if (at == fraction || at - fraction > DIGITS)
            return 0;
        kind = FLOAT;
    }
    if ((at < end && (*at | 0x20) == 'e') || (kind == INT && *first == '0' && first > in->at))
        return 0;
    in->at = at;
    return kind;
}

static int take_word(Cursor *in, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
        return 0;
    in->at += length;
    return 1;
}

/* A value that nobody asks for: its kind, 0 where it is not plain JSON. */
static int skip_value(Cursor *in, int depth)
{
    Span text;
    skip_space(in);
    if (in->at == in->end || depth > NESTED)
        return 0;
    switch (*in->at) {
    case '"':
        if (!take_string(in, &text))
            return 0;
        if (text.escaped) {
            /* Only a right escape is skipped. */
            uint8_t *room = malloc(text.length + 1);
            int right = room != NULL && unescape(&text, room) != NULL;
            free(room);
            return right ? TEXT : 0;
        }
        return TEXT;
    case 't':
        return take_word(in, "true") ? BOOL : 0;
    case 'f':
        return take_word(in, "false") ? BOOL : 0;
    case 'n':
        return take_word(in, "null") ? NUL : 0;
    case '[':
        in->at++;
        if (take_byte(in, ']'))
            return LIST;
        do {
            if (!skip_value(in, depth + 1))
                return 0;
        } while (take_byte(in, ','));
        return take_byte(in, ']') ? LIST : 0;
    case '{':
        in->at++;
        if (take_byte(in, '}'))
            return OBJECT;
        do {
            if (!take_string(in, &text) || text.escaped || !take_byte(in, ':') ||
                !skip_value(in, depth + 1))
                return 0;
        } while (take_byte(in, ','));
        return take_byte(in, '}') ? OBJECT : 0;
    default:
        return take_number(in);
    }
}

static int is(const Span *text, const char *name)
{
    return text->length == strlen(name) && memcmp(text->at, name, text->length) == 0;
}

/* One turn: an object with the texts `role` and `content`, each once, and no call of a tool. */
static int take_turn(Cursor *in, Line *line)
{
    Span key, role = {0}, content = {0};
    if (!take_byte(in, '{'))
        return 0;
    do {
        if (!take_string(in, &key) || key.escaped || !take_byte(in, ':'))
            return 0;
        if (is(&key, "role")) {
            if (role.at != NULL || !take_string(in, &role) || role.escaped)
                return 0;
        } else if (is(&key, "content")) {
            if (content.at != NULL || !take_string(in, &content))
                return 0;
        } else if (is(&key, "tool_calls") || !skip_value(in, 0)) {
            return 0;
        }
    } while (take_byte(in, ','));
    if (!take_byte(in, '}') || role.at == NULL || content.at == NULL)
        return 0;
    if (line->count == line->room) {
        size_t room = line->room ? 2 * line->room : 16;
        Turn *more = realloc(line->turns, room * sizeof *more);
        if (more == NULL)
            return 0;
        line->turns = more;
        line->room = room;
    }
    Turn *turn = line->turns + line->count++;
    turn->text = content;
    turn->is_assistant = is(&role, "assistant");
    turn->is_system = is(&role, "system") || is(&role, "developer");
    return 1;
}

static int take_turns(Cursor *in, Line *line)
{
    if (!take_byte(in, '['))
        return 0;
    if (take_byte(in, ']'))
        return 1;
    do {
        if (!take_turn(in, line))
            return 0;
    } while (take_byte(in, ','));
    return take_byte(in, ']');
}

/* One line: an object whose fields are those of the layout, each once, and any others. */
static int take_line(Cursor *in, const Layout *layout, Line *line)
{
    uint64_t seen = 0;
    int has_turns = 0;
    line->count = 0;
    line->field.at = NULL;
    if (!take_byte(in, '{'))
        return 0;
    skip_space(in);
    if (in->at < in->end && *in->at == '}') {
        in->at++;
    } else {
        do {
            Span key;
            if (!take_string(in, &key) || key.escaped || !take_byte(in, ':'))
                return 0;
            if (layout->wanted != FIELD && is(&key, "messages")) {
                if (has_turns++ || !take_turns(in, line))
                    return 0;
                continue;
            }
            size_t index = 0;
            for (; index < layout->field_count; index++)
                if (layout->fields[index].length == key.length &&
                    memcmp(layout->fields[index].name, key.at, key.length) == 0)
                    break;
            if (index == layout->field_count) {
                if (!skip_value(in, 0))
                    return 0;
                continue;
            }
            if (seen >> index & 1)
                return 0;
            seen |= UINT64_C(1) << index;
            skip_space(in);
            if (layout->wanted == FIELD && index == layout->target && in->at < in->end &&
                *in->at == '"') {
                if (!take_string(in, &line->field))
                    return 0;
            } else if (!(skip_value(in, 0) & layout->fields[index].kinds)) {
                return 0;
            }
        } while (take_byte(in, ','));
        if (!take_byte(in, '}'))
            return 0;
    }
    skip_space(in);
    for (size_t index = 0; index < layout->field_count; index++)
        if (layout->fields[index].required && !(seen >> index & 1))
            return 0;
    return in->at == in->end && (layout->wanted == FIELD ? line->field.at != NULL : has_turns);
}

/* Writes the text that is compared; 0 where an escape in any text of the row is wrong. */
static int write_text(const Layout *layout, Line *line)
{
    uint8_t *out = line->text, *rest;
    size_t last = line->count;
    if (layout->wanted == FIELD) {
        rest = unescape(&line->field, out);
        line->length = rest == NULL ? 0 : (size_t)(rest - line->text);
        return rest != NULL;
    }
    while (last > 0 && !line->turns[last - 1].is_assistant)
        last--;
    size_t before = last > 0 ? last - 1 : line->count;
    int begun = 0;
    for (size_t k = 0; k < line->count; k++) {
        Turn *turn = line->turns + k;
        int wanted = layout->wanted == REPLY ? last > 0 && k == last - 1 : k < before && !turn->is_system;
        if (wanted && begun)
            *out++ = '\n';
        rest = wanted || turn->text.escaped ? unescape(&turn->text, out) : out;
        if (rest == NULL)
            return 0;
        if (wanted) {
            out = rest;
            begun = 1;
        }
    }
    line->length = (size_t)(out - line->text);
    return 1;
}

/* The fields of a row from a tuple of (name, kinds, required); -1 and an exception. */
static int layout_of(PyObject *fields, Layout *layout)
{
    Py_ssize_t count = PyTuple_Size(fields);
    if (count > MOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "too many fields");
        return -1;
    }
    layout->field_count = (size_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        Field *field = layout->fields + i;
        char *name;
        Py_ssize_t length;
        PyObject *bytes;
        if (!PyArg_ParseTuple(PyTuple_GetItem(fields, i), "Sii", &bytes, &field->kinds,
                              &field->required) ||
            PyBytes_AsStringAndSize(bytes, &name, &length) < 0)
            return -1;
        field->name = (const uint8_t *)name;
        field->length = (size_t)length;
    }
    return 0;
}

PyDoc_STRVAR(scan_doc,
             "scan(data, fields, wanted, target, width, words, folds, folded)\n"
             "    -> (values, counts, sums, starts, states)\n\n"
             "`shingle` for a text of each line of JSON lines. `fields` are (name, kinds, required) of\n"
             "what a row declares; `wanted` is 0 for the prompt, 1 for the reply of a conversation, 2\n"
             "for the field `target`. The state of a line is 1 where it is left to another reader.");

/* What the lines of a scan came to. */
typedef struct {
    uint64_t *values, *sums;
    int64_t *counts, *starts;
    uint8_t *states;
    size_t lines, used;
} Scan;

static void scan_lines(const uint8_t *data, size_t length, const Layout *layout, size_t width,
                       const Unicode *known, Room *room, uint8_t *scratch, Scan *out)
{
    Line line = {.text = scratch};
    int valid = is_utf8(data, length);
    for (size_t start = 0; start < length;) {
        const uint8_t *mark = memchr(data + start, '\n', length - start);
        size_t end = mark == NULL ? length : (size_t)(mark - data), at = out->lines++, found = SIZE_MAX;
        Cursor in = {data + start, data + end};
        if (valid && take_line(&in, layout, &line) && write_text(layout, &line)) {
            Text text = {line.text, line.length, ASCII};
            for (size_t i = 0; i < line.length && text.form == ASCII; i++)
                if (i + 8 <= line.length && !(lane(line.text + i) & UINT64_C(0x8080808080808080)))
                    i += 7;
                else if (line.text[i] >= 0x80)
                    text.form = RAW;
            found = one_text(&text, width, known, room, out->values + out->used);
        }
        out->starts[at] = (int64_t)start;
        out->states[at] = found == SIZE_MAX ? UNUSUAL : ROW;
        found = found == SIZE_MAX ? 0 : found;
        out->counts[at] = (int64_t)found;
        sum_of(out->values + out->used, found, out->sums + 2 * at);
        out->used += found;
        start = end + 1;
    }
    free(line.turns);
}

static PyObject *scan(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *fields, *result = NULL;
    Py_buffer data, words, folds, folded;
    Py_ssize_t target, width;
    Layout layout;
    if (!PyArg_ParseTuple(args, "y*O!inny*y*y*", &data, &PyTuple_Type, &fields, &layout.wanted, &target,
                          &width, &words, &folds, &folded))
        return NULL;
    const uint8_t *bytes = data.buf;
    size_t length = (size_t)data.len, lines = 1, longest = 0, start = 0;
    Unicode known = {words.buf, folds.buf, folded.buf, (size_t)folds.len / 4, (size_t)folded.len};
    Room room = {0};
    Scan out = {0};
    uint8_t *scratch = NULL;
    layout.target = (size_t)target;
    if (width < 1 || words.len != TABLE_POINTS / 8 || known.fold_count > FOLD_POINTS ||
        length >= UINT32_MAX / GROWTH) {
        PyErr_SetString(PyExc_ValueError, "width is at least 1, and tables and data have their size");
        goto done;
    }
    if (layout_of(fields, &layout) < 0)
        goto done;
    for (size_t i = 0; i <= length; i++) {
        const uint8_t *mark = i < length ? memchr(bytes + i, '\n', length - i) : NULL;
        i = mark == NULL ? length : (size_t)(mark - bytes);
        longest = i - start > longest ? i - start : longest;
        start = i + 1;
        lines++;
    }
    longest *= GROWTH;
    scratch = malloc(longest + PAD);
    out.values = malloc((GROWTH * length / 2 + lines + 1) * sizeof *out.values);
    out.counts = malloc(lines * sizeof *out.counts);
    out.starts = malloc(lines * sizeof *out.starts);
    out.sums = malloc(lines * 2 * sizeof *out.sums);
    out.states = malloc(lines);
    if (!make_room(&room, longest) || scratch == NULL || out.values == NULL || out.counts == NULL ||
        out.starts == NULL || out.sums == NULL || out.states == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    scan_lines(bytes, length, &layout, (size_t)width, &known, &room, scratch, &out);
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("(y#y#y#y#y#)", (char *)out.values, (Py_ssize_t)(out.used * 8),
                           (char *)out.counts, (Py_ssize_t)(out.lines * 8), (char *)out.sums,
                           (Py_ssize_t)(out.lines * 16), (char *)out.starts,
                           (Py_ssize_t)(out.lines * 8), (char *)out.states, (Py_ssize_t)out.lines);
done:
    free_room(&room);
    free(scratch);
    free(out.values);
    free(out.counts);
    free(out.starts);
    free(out.sums);
    free(out.states);
    PyBuffer_Release(&data);
    PyBuffer_Release(&words);
    PyBuffer_Release(&folds);
    PyBuffer_Release(&folded);
    return result;
}

/* ---- how many sets hold a shingle ----------------------------------------------------------- */

/* The buffers of a call, released together. */
typedef struct {
    Py_buffer at[12];
    int used;
} Buffers;

static void release(Buffers *all)
{
    while (all->used > 0)
        PyBuffer_Release(&all->at[--all->used]);
}

/* The buffers of `count` arguments from `first`; those with a bit in `writable` are written to. */
static int take(Buffers *all, PyObject *args, int first, int count, unsigned writable)
{
    all->used = 0;
    for (int i = 0; i < count; i++) {
        PyObject *one = PyTuple_GetItem(args, first + i);
        int flags = (writable >> i) & 1 ? PyBUF_WRITABLE : PyBUF_SIMPLE;
        if (one == NULL || PyObject_GetBuffer(one, &all->at[i], flags) < 0) {
            release(all);
            return -1;
        }
        all->used++;
    }
    return 0;
}

static int exactly(PyObject *args, Py_ssize_t count)
{
    if (PyTuple_Size(args) == count)
        return 0;
    PyErr_Format(PyExc_TypeError, "%zd arguments are expected", count);
    return -1;
}

#define VIEW(type, name, index) \
    type *name = all.at[index].buf; \
    const size_t name##_count = (size_t)all.at[index].len / sizeof(type)

static PyObject *wrong(Buffers *all, const char *what)
{
    release(all);
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

/* Whether offsets rise from 0 and end within `limit`. */
static int rising(const int64_t *offsets, size_t count, size_t limit)
{
    if (count == 0 || offsets[0] != 0)
        return 0;
    for (size_t i = 1; i < count; i++)
        if (offsets[i] < offsets[i - 1])
            return 0;
    return (uint64_t)offsets[count - 1] <= limit;
}

PyDoc_STRVAR(tally_doc,
             "tally(values, table, bits)\n\n"
             "Raise the two-bit counter of each hash, up to 2. The table has 2**bits counters.");

static PyObject *tally(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    PyObject *skip;
    long bits;
    if (!PyArg_ParseTuple(args, "OOl", &skip, &skip, &bits) || take(&all, args, 0, 2, 2u) < 0)
        return NULL;
    VIEW(const uint64_t, values, 0);
    VIEW(uint8_t, table, 1);
    if (bits < 8 || bits > 40 || table_count != (size_t)1 << (bits - 2))
        return wrong(&all, "the table has a quarter of 2**bits bytes");
    Py_BEGIN_ALLOW_THREADS
    int shift = 64 - (int)bits;
    for (size_t i = 0; i < values_count; i++) {
        if (i + 24 < values_count)
            FETCH(table + (values[i + 24] >> shift >> 2));
        uint64_t slot = values[i] >> shift;
        int at = (int)(slot & 3) * 2;
        uint8_t cell = table[slot >> 2], seen = (cell >> at) & 3;
        table[slot >> 2] = (uint8_t)(cell + (seen < 2 ? 1 << at : 0));
    }
    Py_END_ALLOW_THREADS
    release(&all);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(sift_doc,
             "sift(values, offsets, needed, table, bits) -> (values, counts)\n\n"
             "Of each set the hashes whose counter is 2; none where fewer than `needed` are left.");

static PyObject *sift(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    PyObject *skip;
    long bits;
    if (!PyArg_ParseTuple(args, "OOOOl", &skip, &skip, &skip, &skip, &bits) ||
        take(&all, args, 0, 4, 0) < 0)
        return NULL;
    VIEW(const uint64_t, values, 0);
    VIEW(const int64_t, offsets, 1);
    VIEW(const int64_t, needed, 2);
    VIEW(const uint8_t, table, 3);
    if (bits < 8 || bits > 40 || table_count != (size_t)1 << (bits - 2))
        return wrong(&all, "the table has a quarter of 2**bits bytes");
    if (!rising(offsets, offsets_count, values_count) || needed_count != offsets_count - 1)
        return wrong(&all, "the offsets do not fit");
    uint64_t *kept = malloc((values_count + 1) * sizeof *kept);
    int64_t *counts = malloc(offsets_count * sizeof *counts);
    PyObject *result = NULL;
    size_t used = 0;
    if (kept == NULL || counts == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    int shift = 64 - (int)bits;
    for (size_t row = 0; row < needed_count; row++) {
        size_t first = used, end = (size_t)offsets[row + 1], i = (size_t)offsets[row];
        /* Most sets have too few left long before their end. */
        int64_t spare = (int64_t)(end - i) - needed[row];
        for (size_t k = i; k < end && k < i + 24 && spare >= 0; k++)
            FETCH(table + (values[k] >> shift >> 2));
        for (; i < end && spare >= 0; i++) {
            if (i + 24 < end)
                FETCH(table + (values[i + 24] >> shift >> 2));
            uint64_t slot = values[i] >> shift;
            int often = (table[slot >> 2] >> ((slot & 3) * 2) & 3) >= 2;
            kept[used] = values[i];
            used += (size_t)often;
            spare -= !often;
        }
        if (spare < 0)
            used = first;
        counts[row] = (int64_t)(used - first);
    }
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("(y#y#)", (char *)kept, (Py_ssize_t)(used * 8), (char *)counts,
                           (Py_ssize_t)(needed_count * 8));
done:
    free(kept);
    free(counts);
    release(&all);
    return result;
}

PyDoc_STRVAR(touched_doc,
             "touched(values, offsets, needed, sums, table, bits) -> states\n\n"
             "For each set 1 where at least `needed` of its hashes have a counter above 0, else 0; 2\n"
             "where the first of its two `sums` is not the sum of its hashes. No sums: none is checked.");

static PyObject *touched(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    PyObject *skip;
    long bits;
    if (!PyArg_ParseTuple(args, "OOOOOl", &skip, &skip, &skip, &skip, &skip, &bits) ||
        take(&all, args, 0, 5, 0) < 0)
        return NULL;
    VIEW(const uint64_t, values, 0);
    VIEW(const int64_t, offsets, 1);
    VIEW(const int64_t, needed, 2);
    VIEW(const uint64_t, sums, 3);
    VIEW(const uint8_t, table, 4);
    if (bits < 8 || bits > 40 || table_count != (size_t)1 << (bits - 2))
        return wrong(&all, "the table has a quarter of 2**bits bytes");
    if (!rising(offsets, offsets_count, values_count) || needed_count != offsets_count - 1 ||
        (sums_count != 0 && sums_count != 2 * needed_count))
        return wrong(&all, "the offsets do not fit");
    uint8_t *states = malloc(needed_count + 1);
    if (states == NULL) {
        release(&all);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    int shift = 64 - (int)bits;
    for (size_t row = 0; row < needed_count; row++) {
        const uint64_t *at = values + offsets[row], *end = values + offsets[row + 1];
        int64_t misses = (end - at) - needed[row];
        states[row] = 0;
        if (sums_count != 0) {
            uint64_t sum = 0;
            for (const uint64_t *one = at; one < end; one++)
                sum += *one;
            if (sum != sums[2 * row]) {
                states[row] = 2;
                continue;
            }
        }
        for (; at < end && misses >= 0; at++) {
            uint64_t slot = *at >> shift;
            misses -= (table[slot >> 2] >> ((slot & 3) * 2) & 3) == 0;
        }
        states[row] |= misses >= 0;
    }
    Py_END_ALLOW_THREADS
    PyObject *result = PyBytes_FromStringAndSize((const char *)states, (Py_ssize_t)needed_count);
    free(states);
    release(&all);
    return result;
}

/* ---- hashes to small numbers ---------------------------------------------------------------- */

PyDoc_STRVAR(number_doc,
             "number(values, ids, keys, slots, frequency, first, used, shard, shards) -> used\n\n"
             "Give the hashes of one shard numbers from `first` on, in order of their first place.\n"
             "`keys` and `slots` are the hash table, `frequency` counts the sets that hold each. -1 when\n"
             "there is no more room.");

static PyObject *number(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    Py_ssize_t first, used, shard, shards;
    PyObject *skip;
    if (!PyArg_ParseTuple(args, "OOOOOnnnn", &skip, &skip, &skip, &skip, &skip, &first, &used,
                          &shard, &shards))
        return NULL;
    if (take(&all, args, 0, 5, 2u | 4u | 8u | 16u) < 0)
        return NULL;
    VIEW(const uint64_t, values, 0);
    VIEW(uint32_t, ids, 1);
    VIEW(uint64_t, keys, 2);
    VIEW(uint32_t, slots, 3);
    VIEW(uint32_t, frequency, 4);
    if (ids_count != values_count || keys_count != slots_count || keys_count == 0 ||
        (keys_count & (keys_count - 1)) != 0 || shards < 1 || shards > 1 << 20 || first < 0 ||
        used < 0 || (uint64_t)first + frequency_count >= NONE)
        return wrong(&all, "the table does not fit");
    int full = 0;
    Py_BEGIN_ALLOW_THREADS
    size_t mask = keys_count - 1;
    for (size_t i = 0; i < values_count && !full; i++) {
        uint64_t value = values[i];
        if ((Py_ssize_t)(((value >> 32) * (uint64_t)shards) >> 32) != shard)
            continue;
        size_t at = (size_t)value & mask, tries = 0;
        while (slots[at] != 0 && keys[at] != value && tries++ < keys_count)
            at = (at + 1) & mask;
        if (slots[at] == 0) {
            if ((size_t)used >= frequency_count) {
                full = 1;
                break;
            }
            keys[at] = value;
            slots[at] = (uint32_t)++used;
            frequency[used - 1] = 0;
        } else if (keys[at] != value || slots[at] > (uint32_t)used) {
            full = 1;
            break;
        }
        frequency[slots[at] - 1]++;
        ids[i] = (uint32_t)first + slots[at] - 1;
    }
    Py_END_ALLOW_THREADS
    release(&all);
    return PyLong_FromSsize_t(full ? -1 : used);
}

PyDoc_STRVAR(rarity_doc,
             "rarity(frequency, ranks) -> alphabet\n\n"
             "The place of each number when they are put in order of frequency, then of number;\n"
             "0xFFFFFFFF where the frequency is below 2. How many there are.");

static PyObject *rarity(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    if (exactly(args, 2) < 0 || take(&all, args, 0, 2, 2u) < 0)
        return NULL;
    VIEW(const uint32_t, frequency, 0);
    VIEW(uint32_t, ranks, 1);
    if (ranks_count != frequency_count)
        return wrong(&all, "the ranks do not fit");
    uint32_t most = 0;
    for (size_t i = 0; i < frequency_count; i++)
        most = frequency[i] > most ? frequency[i] : most;
    uint32_t *starts = calloc((size_t)most + 2, sizeof *starts), total = 0;
    if (starts == NULL) {
        release(&all);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < frequency_count; i++)
        starts[frequency[i]]++;
    for (size_t f = 0; f <= most; f++) {
        uint32_t size = f < 2 ? 0 : starts[f];
        starts[f] = total;
        total += size;
    }
    for (size_t i = 0; i < frequency_count; i++)
        ranks[i] = frequency[i] < 2 ? NONE : starts[frequency[i]]++;
    Py_END_ALLOW_THREADS
    free(starts);
    release(&all);
    return PyLong_FromUnsignedLong(total);
}

/* Sorts by bytes, the lowest first; small sets by insertion. */
static void sort_ranks(uint32_t *values, size_t count, uint32_t *scratch, uint32_t highest)
{
    if (count < 48) {
        for (size_t i = 1; i < count; i++) {
            uint32_t value = values[i];
            size_t at = i;
            for (; at > 0 && values[at - 1] > value; at--)
                values[at] = values[at - 1];
            values[at] = value;
        }
        return;
    }
    for (int shift = 0; shift < 32 && highest >> shift; shift += 8) {
        size_t places[256] = {0}, total = 0;
        for (size_t i = 0; i < count; i++)
            places[values[i] >> shift & 255]++;
        for (int b = 0; b < 256; b++) {
            size_t size = places[b];
            places[b] = total;
            total += size;
        }
        for (size_t i = 0; i < count; i++)
            scratch[places[values[i] >> shift & 255]++] = values[i];
        memcpy(values, scratch, count * sizeof *values);
    }
}

PyDoc_STRVAR(rank_doc,
             "rank(ids, offsets, needed, ranks, counts) -> used\n\n"
             "Put ranks in the place of the numbers, leave out those without, empty the sets with\n"
             "fewer than `needed`, sort each set, and close the gaps. `counts` gets the sizes.");

static PyObject *rank(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    if (exactly(args, 5) < 0 || take(&all, args, 0, 5, 1u | 16u) < 0)
        return NULL;
    VIEW(uint32_t, ids, 0);
    VIEW(const int64_t, offsets, 1);
    VIEW(const int64_t, needed, 2);
    VIEW(const uint32_t, ranks, 3);
    VIEW(int64_t, counts, 4);
    if (!rising(offsets, offsets_count, ids_count) || needed_count != offsets_count - 1 ||
        counts_count != needed_count)
        return wrong(&all, "the offsets do not fit");
    size_t used = 0, largest = 0;
    for (size_t row = 0; row < needed_count; row++)
        if ((size_t)(offsets[row + 1] - offsets[row]) > largest)
            largest = (size_t)(offsets[row + 1] - offsets[row]);
    uint32_t *scratch = malloc((largest + 1) * sizeof *scratch);
    if (scratch == NULL) {
        release(&all);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    for (size_t row = 0; row < needed_count; row++) {
        size_t first = used;
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++) {
            uint32_t found = ids[i] < ranks_count ? ranks[ids[i]] : NONE;
            if (found != NONE)
                ids[used++] = found;
        }
        if ((int64_t)(used - first) < needed[row])
            used = first;
        else
            sort_ranks(ids + first, used - first, scratch, (uint32_t)ranks_count);
        counts[row] = (int64_t)(used - first);
    }
    Py_END_ALLOW_THREADS
    free(scratch);
    release(&all);
    return PyLong_FromSize_t(used);
}

/* ---- signatures ----------------------------------------------------------------------------- */

WIDE static void permute(uint32_t value, const uint32_t *multipliers, const uint32_t *addends,
                         size_t count, uint32_t *minima)
{
    for (size_t k = 0; k < count; k++) {
        uint32_t permuted = value * multipliers[k] + addends[k];
        minima[k] = permuted < minima[k] ? permuted : minima[k];
    }
}

static inline uint32_t premix(uint32_t x)
{
    x ^= x >> 16;
    x *= UINT32_C(0x85EBCA6B);
    x ^= x >> 13;
    x *= UINT32_C(0xC2B2AE35);
    return x ^ (x >> 16);
}

PyDoc_STRVAR(sign_doc,
             "sign(values, offsets, multipliers, addends, marks)\n\n"
             "MinHash signatures of sets of hashes: one row of `marks` (uint32) a set.");

static PyObject *sign(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all;
    if (exactly(args, 5) < 0 || take(&all, args, 0, 5, 16u) < 0)
        return NULL;
    VIEW(const uint64_t, values, 0);
    VIEW(const int64_t, offsets, 1);
    VIEW(const uint32_t, multipliers, 2);
    VIEW(const uint32_t, addends, 3);
    VIEW(uint32_t, marks, 4);
    if (!rising(offsets, offsets_count, values_count) || addends_count != multipliers_count ||
        marks_count != (offsets_count - 1) * addends_count)
        return wrong(&all, "the marks do not fit");
    Py_BEGIN_ALLOW_THREADS
    for (size_t row = 0; row + 1 < offsets_count; row++) {
        uint32_t *minima = marks + row * addends_count;
        memset(minima, 0xFF, addends_count * sizeof *minima);
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++)
            permute(premix((uint32_t)values[i]), multipliers, addends, addends_count, minima);
    }
    Py_END_ALLOW_THREADS
    release(&all);
    Py_RETURN_NONE;
}

/* ---- the join ------------------------------------------------------------------------------- */

/* Sets as sorted ids, the buckets that each is entered into, and who was entered so far. */
typedef struct {
    const uint32_t *ids;
    const int64_t *offsets;
    const int64_t *sizes;
    const uint32_t *buckets;
    const int64_t *bucket_offsets;
    const int64_t *starts;
    int32_t *filled;
    int32_t *members;
    uint32_t *stamps;
    size_t sets, id_count, entry_count, bucket_count, member_count;
    double similarity;
} Join;

typedef struct {
    int64_t *left, *right;
    double *similarity;
    size_t used, room;
} Found;

static int note(Found *found, int64_t left, int64_t right, double similarity)
{
    if (found->used == found->room) {
        size_t room = found->room ? found->room * 2 : 1024;
        int64_t *l = realloc(found->left, room * sizeof *l);
        if (l != NULL)
            found->left = l;
        int64_t *r = realloc(found->right, room * sizeof *r);
        if (r != NULL)
            found->right = r;
        double *s = realloc(found->similarity, room * sizeof *s);
        if (s != NULL)
            found->similarity = s;
        if (l == NULL || r == NULL || s == NULL)
            return -1;
        found->room = room;
    }
    found->left[found->used] = left;
    found->right[found->used] = right;
    found->similarity[found->used++] = similarity;
    return 0;
}

/* The elements two sets share, or -1 as soon as it is clear that they are fewer than `least`. */
static int64_t shared(const uint32_t *a, int64_t a_left, const uint32_t *b, int64_t b_left, int64_t least)
{
    int64_t common = 0;
    while (a_left > 0 && b_left > 0) {
        if (common + (a_left < b_left ? a_left : b_left) < least)
            return -1;
        uint32_t x = *a, y = *b;
        common += x == y;
        a += x <= y;
        a_left -= x <= y;
        b += y <= x;
        b_left -= y <= x;
    }
    return common;
}

/* Whether row `x` of a ragged array of `limit` elements is a part of it. */
static int within(const int64_t *offsets, size_t x, size_t limit)
{
    return offsets[x] >= 0 && offsets[x] <= offsets[x + 1] && (uint64_t)offsets[x + 1] <= limit;
}

/* The Jaccard similarity of two sets; 0 where it is below the threshold. */
static double verified(const Join *join, size_t x, size_t y)
{
    if (!within(join->offsets, x, join->id_count) || !within(join->offsets, y, join->id_count))
        return 0.0;
    int64_t own = join->offsets[x + 1] - join->offsets[x], sizes = join->sizes[x] + join->sizes[y];
    int64_t other = join->offsets[y + 1] - join->offsets[y];
    /* One less than the exact bound: the last word has the comparison below. */
    int64_t least = (int64_t)(join->similarity / (1.0 + join->similarity) * (double)sizes) - 1;
    if (own < least || other < least)
        return 0.0;
    int64_t common = shared(join->ids + join->offsets[x], own, join->ids + join->offsets[y], other, least);
    if (common <= 0)
        return 0.0;
    double similarity = (double)common / (double)(sizes - common);
    return similarity >= join->similarity ? similarity : 0.0;
}

/* Every entered set that shares a bucket with `x` and is similar enough. No stamp is used twice. */
static int probe_one(const Join *join, size_t x, uint32_t stamp, Found *found)
{
    for (int64_t b = join->bucket_offsets[x]; b < join->bucket_offsets[x + 1]; b++) {
        size_t bucket = join->buckets[b];
        const int32_t *members = join->members + join->starts[bucket];
        for (int32_t k = 0; k < join->filled[bucket]; k++) {
            size_t y = (size_t)members[k];
            if (y >= join->sets || join->stamps[y] == stamp || y == x)
                continue;
            join->stamps[y] = stamp;
            double similarity = verified(join, x, y);
            if (similarity > 0.0 && note(found, (int64_t)x, (int64_t)y, similarity) < 0)
                return -1;
        }
    }
    return 0;
}

static int enter_one(const Join *join, size_t x)
{
    for (int64_t b = join->bucket_offsets[x]; b < join->bucket_offsets[x + 1]; b++) {
        size_t bucket = join->buckets[b];
        int64_t place = join->starts[bucket] + join->filled[bucket];
        if (place >= join->starts[bucket + 1])
            return -1;
        join->members[place] = (int32_t)x;
        join->filled[bucket]++;
    }
    return 0;
}

/* Whether every index that the loops follow stays within its buffer. */
static int sound(const Join *join, const int64_t *classes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (classes[i] < 0 || (size_t)classes[i] >= join->sets)
            return 0;
        size_t x = (size_t)classes[i];
        if (!within(join->bucket_offsets, x, join->entry_count))
            return 0;
        for (int64_t b = join->bucket_offsets[x]; b < join->bucket_offsets[x + 1]; b++) {
            size_t bucket = join->buckets[b];
            if (bucket >= join->bucket_count || join->filled[bucket] < 0 ||
                !within(join->starts, bucket, join->member_count) ||
                join->filled[bucket] > join->starts[bucket + 1] - join->starts[bucket])
                return 0;
        }
    }
    return 1;
}

/* The nine buffers of a join; 0 if they do not fit together, or with an exception. */
static int join_of(Buffers *all, PyObject *state, Join *join)
{
    if (exactly(state, 9) < 0 || take(all, state, 0, 9, 64u | 128u | 256u) < 0)
        return 0;
    join->ids = all->at[0].buf;
    join->offsets = all->at[1].buf;
    join->sizes = all->at[2].buf;
    join->buckets = all->at[3].buf;
    join->bucket_offsets = all->at[4].buf;
    join->starts = all->at[5].buf;
    join->filled = all->at[6].buf;
    join->members = all->at[7].buf;
    join->stamps = all->at[8].buf;
    join->id_count = (size_t)all->at[0].len / 4;
    join->entry_count = (size_t)all->at[3].len / 4;
    join->member_count = (size_t)all->at[7].len / 4;
    join->sets = (size_t)all->at[2].len / 8;
    join->bucket_count = (size_t)all->at[6].len / 4;
    return join->sets < INT32_MAX && (size_t)all->at[1].len / 8 == join->sets + 1 &&
           (size_t)all->at[4].len / 8 == join->sets + 1 &&
           (size_t)all->at[5].len / 8 == join->bucket_count + 1 &&
           (size_t)all->at[8].len / 4 == join->sets;
}

PyDoc_STRVAR(enter_doc,
             "enter(classes, state)\n\n"
             "Enter these sets into their buckets. The state of a join is (ids, offsets, sizes,\n"
             "buckets, bucket_offsets, starts, filled, members, stamps).");

static PyObject *enter(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all = {.used = 0}, own;
    Join join = {0};
    PyObject *skip, *state;
    if (!PyArg_ParseTuple(args, "OO!", &skip, &PyTuple_Type, &state) ||
        take(&own, args, 0, 1, 0) < 0)
        return NULL;
    int fits = join_of(&all, state, &join);
    const int64_t *classes = own.at[0].buf;
    size_t count = (size_t)own.at[0].len / 8;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        fits = sound(&join, classes, count);
        for (size_t i = 0; i < count && fits; i++)
            fits = enter_one(&join, (size_t)classes[i]) == 0;
        Py_END_ALLOW_THREADS
    }
    release(&all);
    release(&own);
    if (!fits) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the buffers of the join do not fit");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(probe_doc,
             "probe(classes, state, stamp, similarity, among) -> (left, right, similarity)\n\n"
             "Pairs of one of these sets (left) and one that was entered (right) that are similar\n"
             "enough; with `among` also the pairs of these sets, the earlier on the right. The stamps\n"
             "after `stamp`, one a set, were never used.");

static PyObject *probe(PyObject *module, PyObject *args)
{
    (void)module;
    Buffers all = {.used = 0}, own;
    Join join = {0};
    Found found = {0};
    PyObject *result = NULL;
    PyObject *skip, *state;
    unsigned int stamp;
    int among;
    if (!PyArg_ParseTuple(args, "OO!Idp", &skip, &PyTuple_Type, &state, &stamp, &join.similarity,
                          &among) ||
        take(&own, args, 0, 1, 0) < 0)
        return NULL;
    int fits = join_of(&all, state, &join), enough = 1;
    const int64_t *classes = own.at[0].buf;
    size_t count = (size_t)own.at[0].len / 8, entered = 0;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        fits = sound(&join, classes, count);
        for (size_t i = 0; i < count && fits && enough; i++) {
            enough = probe_one(&join, (size_t)classes[i], stamp + (uint32_t)i + 1, &found) == 0;
            if (among && enough) {
                fits = enter_one(&join, (size_t)classes[i]) == 0;
                entered += (size_t)fits;
            }
        }
        for (size_t i = 0; i < entered; i++) {
            size_t x = (size_t)classes[i];
            for (int64_t b = join.bucket_offsets[x]; b < join.bucket_offsets[x + 1]; b++)
                join.filled[join.buckets[b]]--;
        }
        Py_END_ALLOW_THREADS
    }
    release(&all);
    release(&own);
    if (!enough)
        PyErr_NoMemory();
    else if (!fits && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "the buffers of the join do not fit");
    else if (fits && found.used == 0)
        result = Py_BuildValue("(y#y#y#)", "", (Py_ssize_t)0, "", (Py_ssize_t)0, "", (Py_ssize_t)0);
    else if (fits)
        result = Py_BuildValue("(y#y#y#)", (char *)found.left, (Py_ssize_t)(found.used * 8),
                               (char *)found.right, (Py_ssize_t)(found.used * 8),
                               (char *)found.similarity, (Py_ssize_t)(found.used * 8));
    free(found.left);
    free(found.right);
    free(found.similarity);
    return result;
}

/* ---- the module ----------------------------------------------------------------------------- */

static PyMethodDef methods[] = {
    {"shingle", shingle, METH_VARARGS, shingle_doc}, {"scan", scan, METH_VARARGS, scan_doc},
    {"tally", tally, METH_VARARGS, tally_doc},
    {"sift", sift, METH_VARARGS, sift_doc},          {"touched", touched, METH_VARARGS, touched_doc},
    {"number", number, METH_VARARGS, number_doc},
    {"rarity", rarity, METH_VARARGS, rarity_doc},    {"rank", rank, METH_VARARGS, rank_doc},
    {"sign", sign, METH_VARARGS, sign_doc},          {"enter", enter, METH_VARARGS, enter_doc},
    {"probe", probe, METH_VARARGS, probe_doc},       {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_doc = "The loops of the near-duplicate search, in C.",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModule_Create(&definition);
}
