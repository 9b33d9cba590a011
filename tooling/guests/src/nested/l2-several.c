/*
 * Runs guests with two processors by /dev/kvm, each by a thread of its own, and two such guests at the same time. Inside a
 * guest they are L2, on as many processors as it has: what is printed there must be what is printed on any other KVM.
 *
 * In a guest the first processor starts the second by INIT and a startup signal. Then it sends it interrupts, each when the
 * last one has been answered by another, sometimes halted and sometimes not, while the second one counts. All count what
 * happens, locked. Now and then both leave for user space, where their threads move to another processor.
 */
#define _GNU_SOURCE
#include "calls.h"
#include <pthread.h>
#include <sched.h>

enum {
  ram_bytes = 0x80000, code_at = 0x1000, second_at = 0x3000, idt_at = 0x6000, gdt_at = 0x6800, counts_at = 0x7000,
  stack_at = 0x9000, vector = 0x30, most_vms = 2, vcpus = 2, looks = 0x10, ends = 0x11,
};

/* What a guest counts, a line of its cache apart. */
enum { all_count = 0x00, own_count = 0x40, over = 0xc0, steps = 0x100 };

/* 32-bit code of both: ESI is the number of the processor, EBP its local APIC, EBX what is counted, EDI how often. */
asm(".section .rodata; .code32;"
    "first: xor %esi, %esi; call ready;"
    "movl $0x01000000, 0x310(%ebp); movl $0x4500, 0x300(%ebp);"
    "movl $0x01000000, 0x310(%ebp); movl $0x4603, 0x300(%ebp);"
    "started: pause; cmpl $0, 0x140(%ebx); je started;"
    "xor %ecx, %ecx;"
    "round: inc %ecx; movl $0x01000000, 0x310(%ebp); movl $0x4030, 0x300(%ebp);"
    "test $3, %cl; jz sleep; spin: pause; cmp %ecx, 0x40(%ebx); jb spin; jmp came;"
    "sleep: cli; cmp %ecx, 0x40(%ebx); jae awake; sti; hlt; jmp sleep; awake: sti;"
    "came: mov %ecx, %eax; test $31, %al; jnz on; out %eax, $0x10; on: cmp %edi, %ecx; jb round;"
    "movl $1, 0xc0(%ebx); movl $0x4031, 0x300(%ebp); answered: pause; cmpl $1, 0xc0(%ebx); je answered;"
    "mov 0x40(%ebx), %eax; out %eax, $0x11; cli; hlt;"
    "second: mov $1, %esi; call ready; movl $1, 0x140(%ebx);"
    "count: mov 0x80(%ebx), %edx; mov $64, %ecx; burst: lock incl (%ebx); lock incl 0x100(%ebx); dec %ecx; jnz burst;"
    "mov 0x100(%ebx), %eax; test $0x3ff, %eax; jnz counted; out %eax, $0x10; counted: test $0xc0, %al; jz rest;"
    "wait: pause; cmpl $1, 0xc0(%ebx); je leave; cmp %edx, 0x80(%ebx); je wait; jmp count;"
    "rest: cli; cmpl $1, 0xc0(%ebx); je leave; cmp %edx, 0x80(%ebx); sti; jne count; hlt; jmp rest;"
    "leave: movl $2, 0xc0(%ebx); mov 0x80(%ebx), %eax; out %eax, $0x11; cli; hlt;"
    "ready: mov $0xfee00000, %ebp; mov $0x7000, %ebx; movl $0x1ff, 0xf0(%ebp); sti; ret;"
    /* both count what comes; the second answers with the same */
    "taken: push %eax; lock incl (%ebx); mov %esi, %eax; shl $6, %eax; lock incl 0x40(%ebx,%eax);"
    "movl $0, 0xb0(%ebp); test %esi, %esi; jz back; movl $0, 0x310(%ebp); movl $0x4030, 0x300(%ebp);"
    "back: pop %eax; iretl; woken: movl $0, 0xb0(%ebp); iretl; first_end:"
    /* where the second begins, with CS at its own page */
    ".code16; wakes: cli; mov %cs, %ax; mov %ax, %ds; lgdtl wakes_table - wakes; mov %cr0, %eax; or $1, %al; mov %eax, %cr0;"
    ".byte 0x66, 0xea; .long 0x3000 + wide - wakes; .word 8; wakes_table: .word 23; .long 0x6800;"
    ".code32; wide: mov $16, %ax; mov %ax, %ds; mov %ax, %ss; mov %ax, %es; mov $0xa000, %esp; lidt 0x67f0; mov 0x67e0, %edi;"
    "mov $0x1000 + second - first, %eax; jmp *%eax; wakes_end: .code64; .text");
extern const uint8_t first[], taken[], woken[], first_end[], wakes[], wakes_end[];

struct guest {
  int vm, files[vcpus];
  uint8_t *ram;
  struct kvm_run *runs[vcpus];
  uint32_t said[vcpus], exits[vcpus], wrong;
};

struct processor { struct guest *guest; int number; };

static int kvm;
static long processors;

static uint32_t word(const struct guest *g, uint32_t at) {
  return __atomic_load_n((const uint32_t *)(g->ram + at), __ATOMIC_SEQ_CST);
}
static void put(struct guest *g, uint32_t at, uint64_t value) { memcpy(g->ram + at, &value, sizeof value); }

static void give_handler(struct guest *g, uint32_t number, const uint8_t *handler) {
  put(g, idt_at + number * 8, (code_at + (handler - first)) | 8u << 16 | 0x8e00ull << 32);
}

static void give_memory(struct guest *g, uint32_t rounds) {
  g->ram = memory_of(g->vm, ram_bytes);
  memcpy(g->ram + code_at, first, first_end - first);
  memcpy(g->ram + second_at, wakes, wakes_end - wakes);
  give_handler(g, vector, taken);
  give_handler(g, vector + 1, woken);
  put(g, gdt_at + 8, 0x00cf9b000000ffff);
  put(g, gdt_at + 16, 0x00cf93000000ffff);
  put(g, gdt_at - 0x10, 0x7ff | (uint64_t)idt_at << 16);
  put(g, gdt_at - 0x20, rounds);
}

static void give_registers(int vcpu, uint32_t rounds) {
  struct kvm_sregs sregs;
  CALL(vcpu, KVM_GET_SREGS, &sregs);
  sregs.cs.base = 0;
  flat_segments(&sregs, 8, 16, 0);
  sregs.gdt = (struct kvm_dtable){.base = gdt_at, .limit = 23};
  sregs.idt = (struct kvm_dtable){.base = idt_at, .limit = 0x7ff};
  sregs.cr0 |= 1;
  CALL(vcpu, KVM_SET_SREGS, &sregs);
  struct kvm_regs regs = {.rip = code_at, .rsp = stack_at, .rdi = rounds, .rflags = 2};
  CALL(vcpu, KVM_SET_REGS, &regs);
}

static void make(struct guest *g, uint32_t rounds) {
  struct cpuid_table table = supported_cpuid(kvm);
  g->vm = CALL(kvm, KVM_CREATE_VM, 0);
  CALL(g->vm, KVM_SET_TSS_ADDR, task_state_at);
  CALL(g->vm, KVM_CREATE_IRQCHIP, 0);
  give_memory(g, rounds);
  for (int i = 0; i < vcpus; i++) {
    g->files[i] = CALL(g->vm, KVM_CREATE_VCPU, i);
    g->runs[i] = run_of(kvm, g->files[i]);
    CALL(g->files[i], KVM_SET_CPUID2, &table);
  }
  give_registers(g->files[0], rounds);
}

/* The thread goes on on one processor. */
static void move_to(long number) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number % processors, &set);
  must("sched_setaffinity", sched_setaffinity(0, sizeof set, &set));
}

/* Who waits for a startup signal comes back when it is there, and is to be run again. */
static void run_vcpu(int vcpu) {
  while (ioctl(vcpu, KVM_RUN, 0) < 0)
    if (errno != EAGAIN) must("KVM_RUN", -1);
}

static void *runs(void *given) {
  struct processor *p = given;
  struct guest *g = p->guest;
  struct kvm_run *run = g->runs[p->number];
  move_to(p->number);
  for (;;) {
    run_vcpu(g->files[p->number]);
    if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT) break;
    memcpy(&g->said[p->number], (uint8_t *)run + run->io.data_offset, 4);
    if (run->io.port == ends) return NULL;
    g->exits[p->number]++;
    move_to(p->number + g->exits[0]);
  }
  print_failed_exit(stdout, run);
  g->wrong = 1;
  exit(1);
}

/* All processors of so many guests at once: nonzero where something was lost. */
static int play(int count, uint32_t rounds) {
  struct guest guests[most_vms] = {0};
  struct processor all[most_vms * vcpus];
  pthread_t threads[most_vms * vcpus];
  int failed = 0;
  for (int i = 0; i < count; i++) make(&guests[i], rounds);
  for (int i = 0; i < count * vcpus; i++) {
    all[i] = (struct processor){&guests[i / vcpus], i % vcpus};
    must("pthread_create", -pthread_create(&threads[i], NULL, runs, &all[i]));
  }
  for (int i = 0; i < count * vcpus; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < count; i++) {
    struct guest *g = &guests[i];
    uint32_t counted = word(g, counts_at + steps), lost = counted + 2 * rounds - word(g, counts_at + all_count);
    printf("guest %d of %d: %u sent, %u answered, %u lost, %s\n", i + 1, count, g->said[1], g->said[0], lost,
           g->exits[0] == rounds / 32 ? "moved" : "not moved");
    failed |= lost != 0 || g->said[0] != rounds || g->said[1] != rounds;
  }
  return failed;
}

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  uint32_t rounds = count > 1 ? strtoul(words[1], NULL, 10) : 256;
  processors = sysconf(_SC_NPROCESSORS_ONLN);
  kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR));
  printf("on %ld processors\n", processors);
  return play(1, rounds) | play(2, rounds);
}
