/*
 * Runs single instructions on the CPU of the host, as a program: reads requests from stdin, writes replies to stdout.
 * State goes in and comes out through signal frames: a handler changes the frame that the kernel restores, the
 * instruction runs among INT3s, and whatever signal ends it brings the state back.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

enum { CODE = 0x200000, DATA = 0x100000, DATA_BYTES = 0x10000, PATCHES = 16, CHANGES = 1024 };
/* in the area of XSAVE that a signal frame has: which components are in use, and the upper halves of YMM registers */
enum { IN_USE = 512, YMM = 576, UPPER = 256, AVX = 4 };

struct request {
  uint32_t cs, ss, ds, code_bytes;
  uint8_t code[16];
  uint64_t gprs[16], rip, rflags;
  uint8_t fxsave[512], upper[UPPER];
  uint32_t patches;
  uint32_t padding;
  struct { uint32_t address, bytes; uint8_t data[512]; } patch[PATCHES];
};

struct reply {
  uint64_t gprs[16], rip, rflags, vector, code, cr2;
  uint8_t fxsave[512], upper[UPPER];
  uint32_t cs, ss, ds, es;
  uint32_t changes, padding;
  struct { uint32_t address, byte; } change[CHANGES];
};

static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static volatile struct request request;
static volatile struct reply reply;
static gregset_t saved;
static uint8_t saved_fxsave[512], saved_upper[UPPER];
static uint64_t saved_in_use;

static void set_data_segments(uint32_t selector) {
  __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(selector));
}

static void begin(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  ucontext_t *frame = context;
  memcpy(saved, frame->uc_mcontext.gregs, sizeof saved);
  /* the reserved end of the image is the kernel's: it says what follows */
  uint8_t *area = (uint8_t *)frame->uc_mcontext.fpregs;
  uint64_t *in_use = (uint64_t *)(area + IN_USE);
  memcpy(saved_fxsave, area, 416);
  memcpy(saved_upper, area + YMM, UPPER);
  saved_in_use = *in_use;
  memcpy(area, (void *)request.fxsave, 416);
  memcpy(area + YMM, (void *)request.upper, UPPER);
  *in_use |= 3 | AVX;
  greg_t *gregs = frame->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) gregs[order[i]] = request.gprs[i];
  gregs[REG_RIP] = request.rip;
  gregs[REG_EFL] = request.rflags;
  gregs[REG_CSGSFS] = request.cs | ((greg_t)request.ss << 48);
  set_data_segments(request.ds);
}

static void end(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  ucontext_t *frame = context;
  greg_t *gregs = frame->uc_mcontext.gregs;
  uint32_t ds, es;
  /* with AC set our own accesses would have to be aligned */
  __asm__ volatile("pushf\n\tandl $~0x40000, (%%rsp)\n\tpopf" : : : "memory", "cc");
  __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1" : "=r"(ds), "=r"(es));
  set_data_segments(0x2b);
  reply.ds = ds & 0xffff, reply.es = es & 0xffff;
  for (int i = 0; i < 16; i++) reply.gprs[i] = gregs[order[i]];
  reply.rip = gregs[REG_RIP];
  reply.rflags = gregs[REG_EFL];
  reply.vector = gregs[REG_TRAPNO];
  reply.code = gregs[REG_ERR];
  reply.cr2 = gregs[REG_CR2];
  reply.cs = gregs[REG_CSGSFS] & 0xffff;
  reply.ss = (gregs[REG_CSGSFS] >> 48) & 0xffff;
  uint8_t *area = (uint8_t *)frame->uc_mcontext.fpregs;
  uint64_t *in_use = (uint64_t *)(area + IN_USE);
  memcpy((void *)reply.fxsave, area, 512);
  /* what is as it begins is not in the frame */
  if (*in_use & AVX) memcpy((void *)reply.upper, area + YMM, UPPER);
  memcpy(area, saved_fxsave, 416);
  memcpy(area + YMM, saved_upper, UPPER);
  *in_use = saved_in_use;
  memcpy(gregs, saved, sizeof saved);
}

static void make_ldt(void) {
  struct user_desc code = {.entry_number = 0, .base_addr = CODE, .limit = 0xffff, .contents = 2};
  struct user_desc data = {.entry_number = 1, .base_addr = DATA, .limit = 0xffff, .contents = 0};
  if (syscall(SYS_modify_ldt, 1, &code, sizeof code) | syscall(SYS_modify_ldt, 1, &data, sizeof data)) exit(3);
}

static void make_memory(void) {
  const int rights = PROT_READ | PROT_WRITE | PROT_EXEC, how = MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS;
  if (mmap((void *)DATA, DATA_BYTES, rights, how, -1, 0) == MAP_FAILED) exit(4);
  if (mmap((void *)CODE, 4096, rights, how, -1, 0) == MAP_FAILED) exit(4);
}

static void install(void) {
  static uint8_t stack[1 << 16];
  stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternative, 0);
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  action.sa_sigaction = begin;
  sigaction(SIGUSR1, &action, 0);
  action.sa_sigaction = end;
  const int ends[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
  for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) sigaction(ends[i], &action, 0);
}

static void note_changes(const uint8_t *before) {
  const volatile uint8_t *now = (void *)DATA;
  reply.changes = 0;
  for (uint32_t i = 0; i < DATA_BYTES; i++) {
    if (now[i] == before[i]) continue;
    if (reply.changes == CHANGES) break;
    reply.change[reply.changes].address = DATA + i;
    reply.change[reply.changes++].byte = now[i];
  }
}

int main(void) {
  static uint8_t before[DATA_BYTES];
  make_memory();
  make_ldt();
  install();
  while (fread((void *)&request, sizeof request, 1, stdin) == 1) {
    memset((void *)DATA, 0, DATA_BYTES);
    memset((void *)CODE, 0xcc, 4096);
    memcpy((void *)CODE, (void *)request.code, request.code_bytes);
    for (uint32_t i = 0; i < request.patches; i++)
      memcpy((void *)(uintptr_t)request.patch[i].address, (void *)request.patch[i].data, request.patch[i].bytes);
    memcpy(before, (void *)DATA, DATA_BYTES);
    memset((void *)&reply, 0, sizeof reply);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    note_changes(before);
    fwrite((void *)&reply, sizeof reply, 1, stdout);
  }
  return 0;
}
