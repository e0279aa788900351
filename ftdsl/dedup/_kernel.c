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

typedef struct {
    const uint8_t *bytes;
    size_t length;
    int unicode;
} Text;

typedef struct {
    uint8_t *folded, *inside;
    uint64_t *scratch;
    uint32_t *ends;
} Room;

static size_t one_text(const Text *text, size_t width, const uint8_t *table, Room *room, uint64_t *out)
{
    size_t length = text->length;
    fold_ascii(text->bytes, length, room->folded, room->inside);
    if (text->unicode)
        mark_unicode(text->bytes, length, table, room->inside);
    memset(room->folded + length, 0, PAD);
    memset(room->inside + length, 0, PAD);
    size_t count = runs(out, word_hashes(room->folded, room->inside, length, out), width);
    sort_hashes(out, count, room->scratch, room->ends);
    return distinct(out, count);
}

/* Fills `texts` from a tuple of str (ASCII) and bytes (UTF-8); -1 and an exception if one is neither. */
static int gather(PyObject *tuple, Text *texts, size_t count, size_t *longest, size_t *total)
{
    *longest = *total = 0;
    for (size_t i = 0; i < count; i++) {
        PyObject *one = PyTuple_GetItem(tuple, (Py_ssize_t)i);
        Py_ssize_t length;
        if (PyUnicode_Check(one)) {
            texts[i].bytes = (const uint8_t *)PyUnicode_AsUTF8AndSize(one, &length);
            if (texts[i].bytes == NULL)
                return -1;
            if (length != PyUnicode_GetLength(one)) {
                PyErr_SetString(PyExc_ValueError, "a text beyond ASCII is given as bytes");
                return -1;
            }
            texts[i].unicode = 0;
        } else {
            char *bytes;
            if (PyBytes_AsStringAndSize(one, &bytes, &length) < 0)
                return -1;
            texts[i].bytes = (const uint8_t *)bytes;
            texts[i].unicode = 1;
        }
        if ((uint64_t)length >= UINT32_MAX) {
            PyErr_SetString(PyExc_OverflowError, "a text is 4 GB or longer");
            return -1;
        }
        texts[i].length = (size_t)length;
        if ((size_t)length > *longest)
            *longest = (size_t)length;
        *total += (size_t)length / 2 + 1;
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

PyDoc_STRVAR(shingle_doc,
             "shingle(texts, width, table) -> (values, counts, sums)\n\n"
             "The distinct shingle hashes of each text, sorted (uint64); how many each has (int64);\n"
             "and two sums over them (uint64) by which equal sets are known.");

static PyObject *shingle(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *tuple, *result = NULL;
    Py_ssize_t width;
    Py_buffer table;
    if (!PyArg_ParseTuple(args, "O!ny*", &PyTuple_Type, &tuple, &width, &table))
        return NULL;
    size_t count = (size_t)PyTuple_Size(tuple), longest, total, used = 0;
    Text *texts = malloc((count + 1) * sizeof *texts);
    int64_t *counts = malloc((count + 1) * sizeof *counts);
    uint64_t *sums = malloc((count + 1) * 2 * sizeof *sums), *values = NULL;
    Room room = {0};
    if (width < 1 || table.len != TABLE_POINTS / 8) {
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
        uint64_t *own = values + used, plain = 0, mixed = 0;
        size_t found = one_text(texts + i, (size_t)width, table.buf, &room, own);
        for (size_t k = 0; k < found; k++) {
            plain += own[k];
            mixed += mix(own[k]);
        }
        counts[i] = (int64_t)found;
        sums[2 * i] = plain;
        sums[2 * i + 1] = mixed;
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
    PyBuffer_Release(&table);
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
        size_t first = used, end = (size_t)offsets[row + 1];
        for (size_t i = (size_t)offsets[row]; i < end; i++) {
            if (i + 24 < values_count)
                FETCH(table + (values[i + 24] >> shift >> 2));
            uint64_t slot = values[i] >> shift;
            kept[used] = values[i];
            used += (table[slot >> 2] >> ((slot & 3) * 2) & 3) >= 2;
        }
        if ((int64_t)(used - first) < needed[row])
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
    {"shingle", shingle, METH_VARARGS, shingle_doc}, {"tally", tally, METH_VARARGS, tally_doc},
    {"sift", sift, METH_VARARGS, sift_doc},          {"number", number, METH_VARARGS, number_doc},
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
