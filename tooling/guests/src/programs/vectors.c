/* Loops that a compiler makes vectors of where it may: sums and products that are fused, shifts, shuffles, gathers, searches. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "whole.h"

enum { length = 1000, side = 24 };
static float singles[length], others[length];
static double doubles[length];
static int32_t words[length], places[length];
static uint8_t bytes[length], more[length];
static uint16_t halves[length];
static uint64_t longs[length];

static uint64_t state = 0x9e3779b97f4a7c15;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void tell(const char *name, const void *data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3;
  printf("%s %016llx\n", name, (unsigned long long)hash);
}

static void fill(void) {
  for (int i = 0; i < length; i++) {
    singles[i] = (float)(int32_t)next() / 65536;
    others[i] = (float)(int16_t)next() / 37;
    doubles[i] = (double)(int64_t)next() / 3e9;
    words[i] = (int32_t)next();
    places[i] = (int32_t)(next() % length);
    bytes[i] = (uint8_t)next();
    more[i] = (uint8_t)next();
    halves[i] = (uint16_t)next();
    longs[i] = next();
  }
}

static void floats(void) {
  for (int i = 0; i < length; i++) singles[i] = singles[i] * 1.25f + others[i];
  tell("fused singles", singles, sizeof singles);
  for (int i = 0; i < length; i++) doubles[i] = doubles[i] * doubles[length - 1 - i] - (double)singles[i];
  tell("fused doubles", doubles, sizeof doubles);
  for (int i = 0; i < length; i++) others[i] = singles[i] > others[i] ? singles[i] / 3 : -others[i];
  tell("chosen singles", others, sizeof others);
  for (int i = 0; i < length; i++) doubles[i] = __builtin_sqrt(__builtin_fabs(doubles[i])) + words[i];
  tell("roots", doubles, sizeof doubles);
  double sum = 0;
  for (int i = 0; i < length; i++) sum += doubles[i];
  printf("sum %.17g\n", sum);
}

static void integers(void) {
  for (int i = 0; i < length; i++) words[i] = words[i] * 31 + words[places[i]];
  tell("gathered", words, sizeof words);
  for (int i = 0; i < length; i++) words[i] = (words[i] >> (i & 15)) ^ (words[i] << (places[i] & 31));
  tell("shifted", words, sizeof words);
  for (int i = 0; i < length; i++) bytes[i] = bytes[i] > more[i] ? (bytes[i] - more[i]) >> 1 : (bytes[i] + more[i] + 1) >> 1;
  tell("averaged", bytes, sizeof bytes);
  for (int i = 0; i < length; i++) halves[i] = halves[i] + bytes[i] > 65535 ? 65535 : halves[i] + bytes[i];
  tell("saturated", halves, sizeof halves);
  for (int i = 0; i < length; i++) longs[i] = (longs[i] << 9 | longs[i] >> 55) * 0xff51afd7ed558ccd + (uint32_t)words[i];
  tell("multiplied", longs, sizeof longs);
  for (int i = 0; i < length; i++)
    longs[i] ^= (uint64_t)__builtin_popcountll(longs[i]) << 32 | (uint64_t)__builtin_ctzll(longs[i] | 1ull << 63) |
                (uint64_t)__builtin_clzll(longs[i] | 1) << 8 | __builtin_bswap64(longs[i]) >> 60;
  tell("counted", longs, sizeof longs);
  for (int i = 0; i < length / 2; i++) {
    uint8_t kept = bytes[i];
    bytes[i] = bytes[length - 1 - i];
    bytes[length - 1 - i] = kept;
  }
  tell("turned", bytes, sizeof bytes);
  const uint8_t *found = memchr(bytes, 44, length);
  printf("%td\n", found ? found - bytes : -1);
  printf("%zu %d\n", strnlen((char *)bytes, length), memcmp(bytes, more, length) > 0);
}

static void matrices(void) {
  static double a[side][side], b[side][side], c[side][side];
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++) {
      a[i][j] = (i + 1.0) / (j + 2);
      b[i][j] = (i - j) * 0.125;
      c[i][j] = 0;
    }
  for (int i = 0; i < side; i++)
    for (int k = 0; k < side; k++)
      for (int j = 0; j < side; j++) c[i][j] += a[i][k] * b[k][j];
  tell("product", c, sizeof c);
  printf("%.17g %.17g\n", c[0][side - 1], c[side - 1][0]);
}

void vectors(void) {
  fill();
  floats();
  integers();
  matrices();
}
