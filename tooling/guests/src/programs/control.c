/* What programs are made of besides: jumps out of calls, sorting, strings, wide integers, tables of functions, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "whole.h"

static jmp_buf out;

static int deep(int left, int code) {
  volatile char room[64];
  room[0] = (char)left;
  if (left == 0 && code != 0) longjmp(out, code);
  return (left == 0 ? 0 : deep(left - 1, code)) + room[0];
}

static int ordered(const void *a, const void *b) {
  const int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

static long long summed(int count, ...) {
  va_list rest;
  va_start(rest, count);
  long long sum = 0;
  for (int i = 0; i < count; i++) sum += i % 2 ? (long long)va_arg(rest, double) : va_arg(rest, int);
  va_end(rest);
  return sum;
}

static unsigned add(unsigned a, unsigned b) { return a + b; }
static unsigned mix(unsigned a, unsigned b) { return (a << 5) ^ (a >> 27) ^ b; }
static unsigned divide(unsigned a, unsigned b) { return a / (b | 1) + a % (b | 1); }

static void wide(void) {
  unsigned __int128 value = 1;
  for (int i = 1; i < 34; i++) value *= (unsigned)i;
  uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
  printf("%016llx%016llx %llu\n", (unsigned long long)high, (unsigned long long)low, (unsigned long long)(value % 1000000007));
  volatile int64_t dividend = INT64_MIN;
  volatile int32_t divisor = -7;
  printf("%lld %lld %d\n", (long long)(dividend / divisor), (long long)(dividend % divisor), (int)(int8_t)(dividend >> 56));
}

static void primes(void) {
  static uint8_t composite[20000];
  int found = 0;
  for (int i = 2; i < 20000; i++) {
    if (composite[i]) continue;
    found++;
    for (int j = i * 2; j < 20000; j += i) composite[j] = 1;
  }
  printf("%d primes\n", found);
}

static void texts(void) {
  char line[512] = "";
  for (int i = 0; i < 40; i++) snprintf(line + strlen(line), sizeof line - strlen(line), "%x;", i * i * i);
  int fields = 0;
  for (char *part = strtok(line, ";"); part; part = strtok(0, ";")) fields += (int)strtoul(part, 0, 16) & 0xff;
  printf("%d %s\n", fields, strstr("a needle in hay", "needle"));
  char *block = calloc(1, 100000);
  memset(block + 17, 'x', 70001);
  memmove(block + 5, block + 3, 70000);
  printf("%zu %s\n", strlen(block + 19), strpbrk("abcdef", "fed"));
  free(block);
}

void control(void) {
  int code = setjmp(out);
  if (code < 3) deep(50, code + 1);
  printf("jumped %d\n", code);
  int values[257];
  for (int i = 0; i < 257; i++) values[i] = (i * 7919) % 1009 - 500;
  qsort(values, 257, sizeof values[0], ordered);
  const int wanted = values[100];
  printf("%d %d %d\n", values[0], values[256], bsearch(&wanted, values, 257, sizeof values[0], ordered) != 0);
  unsigned (*const table[])(unsigned, unsigned) = {add, mix, divide};
  unsigned word = 1;
  for (unsigned i = 0; i < 300; i++) word = table[(word ^ i) % 3](word, i * 2654435761u);
  printf("%08x %lld\n", word, summed(6, 1, 2.5, 3, 4.5, 5, 6.5));
  wide();
  primes();
  texts();
}
