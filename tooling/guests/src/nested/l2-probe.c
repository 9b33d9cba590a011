/*
 * Runs small guests by /dev/kvm, in real, protected and 64-bit mode, and prints what they did, a line a guest. Inside a
 * guest they are L2: what is printed there must be what is printed on any other KVM.
 *
 * Each guest does the same: reads a port and writes what it read plus one to another, writes and reads memory that is not
 * there, asks CPUID, halts, takes an interrupt, and halts again. The last one has interrupt controllers in the kernel, and
 * the line of an 8259 is raised instead.
 *
 * With a number, a guest does nothing but CPUID, as often, between the lines `begin` and `end`.
 */
#include "calls.h"

enum {
  ram_bytes = 0x80000, code_at = 0x1000, handler_at = 0x1800, tables_at = 0x2000, idt_at = 0x6000, stack_at = 0x8000,
  vector = 0x20, line = 0, most_exits = 64,
};

/* Where memory is missing: below 1 MiB for 16-bit code, high for others. */
enum { low_hole = 0xd0000 };
static const uint32_t high_hole = 0xe0000000;

/* What all of them do. `prefix` is empty, or makes a 16-bit instruction a 32-bit one. */
#define DOES(hole) \
  "in $0x10, %al; inc %al; out %al, $0x11;" \
  "movl $0x12345678, " hole "; movl " hole "+4, %eax; outl %eax, $0x12;" \
  "mov $0x40000000, %eax; cpuid; mov %ebx, %eax; outl %eax, $0x13;" \
  "sti; hlt; mov $0x5a, %al; out %al, $0x14; cli; hlt;"
#define HANDLER(name, back) #name "_handler: mov $0x20, %al; out %al, $0x15;" back "; " #name "_end:"

asm(".section .rodata; .code16; real: mov $0xd000, %ax; mov %ax, %ds;" DOES("0x10") HANDLER(real, "iretw")
    /* ICW1 to ICW4 of the first 8259, all but one line masked; then as before, and the end of interrupt */
    "; lines: mov $0x11, %al; out %al, $0x20; mov $0x20, %al; out %al, $0x21; mov $4, %al; out %al, $0x21;"
    "mov $1, %al; out %al, $0x21; mov $0xfe, %al; out %al, $0x21; mov $0xd000, %ax; mov %ax, %ds;" DOES("0x10")
    "lines_handler: mov $0x20, %al; out %al, $0x20; out %al, $0x15; iretw; lines_end:"
    "; timed: cpuid; dec %ebp; jnz timed; hlt; timed_handler: timed_end:"
    ".code32; protected:" DOES("0xe0000010") HANDLER(protected, "iretl")
    ".code64; wide: mov $0xe0000010, %ebx;"
    "in $0x10, %al; inc %al; out %al, $0x11; mov %rbx, %rdi; movl $0x12345678, (%rdi); mov 8(%rdi), %rax; outl %eax, $0x12;"
    "shr $32, %rax; outl %eax, $0x12; mov $0x40000000, %eax; cpuid; mov %ebx, %eax; outl %eax, $0x13;"
    "sti; hlt; mov $0x5a, %al; out %al, $0x14; cli; hlt;" HANDLER(wide, "iretq") ".code64; .text");

#define CODE(name) extern const uint8_t name[], name##_handler[], name##_end[]
CODE(real);
CODE(lines);
CODE(protected);
CODE(wide);
CODE(timed);

struct scene {
  const char *name;
  const uint8_t *code, *handler, *end;
  enum { real_mode, protected_mode, long_mode } mode;
  int controllers;
};

static const struct scene scenes[] = {
  {"real mode", real, real_handler, real_end, real_mode, 0},
  {"protected mode", protected, protected_handler, protected_end, protected_mode, 0},
  {"64-bit mode", wide, wide_handler, wide_end, long_mode, 0},
  {"real mode, controllers in the kernel", lines, lines_handler, lines_end, real_mode, 1},
};

/* CPUID as often as EBP says, between two lines whose time others take. */
static const struct scene timing = {"cpuid", timed, timed_handler, timed_end, real_mode, 0};
static uint32_t rounds;

static int kvm, vm, vcpu;
static uint8_t *ram;
static struct kvm_run *run;

static void put(uint32_t at, uint64_t value) { memcpy(ram + at, &value, sizeof value); }

/* The table that KVM supports, with a name of ours where a hypervisor has its own. */
static void give_cpuid(void) {
  struct cpuid_table table = supported_cpuid(kvm);
  for (unsigned i = 0; i < table.head.nent; i++)
    if (table.entries[i].function == 0x40000000) memcpy(&table.entries[i].ebx, "L2 probe  L2", 12);
  CALL(vcpu, KVM_SET_CPUID2, &table);
}

static void make(const struct scene *s) {
  vm = CALL(kvm, KVM_CREATE_VM, 0);
  CALL(vm, KVM_SET_TSS_ADDR, task_state_at);
  if (s->controllers) CALL(vm, KVM_CREATE_IRQCHIP, 0);
  ram = memory_of(vm, ram_bytes);
  vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
  run = run_of(kvm, vcpu);
  give_cpuid();
}

static void unmake(void) {
  munmap(run, CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
  munmap(ram, ram_bytes);
  close(vcpu);
  close(vm);
}

/* Where the interrupt goes: an entry of the table as the mode has it. */
static void give_handler(const struct scene *s) {
  uint32_t selector = 8;
  memcpy(ram + handler_at, s->handler, s->end - s->handler);
  if (s->mode == real_mode) put(vector * 4, handler_at);
  if (s->mode == protected_mode) put(idt_at + vector * 8, handler_at | selector << 16 | 0x8e00ull << 32);
  if (s->mode == long_mode) put(idt_at + vector * 16, handler_at | selector << 16 | 0x8e00ull << 32);
}

/* The first 2 MiB onto themselves, and 2 MiB at the hole. */
static void give_tables(void) {
  put(tables_at, (tables_at + 0x1000) | 3);
  put(tables_at + 0x1000, (tables_at + 0x2000) | 3);
  put(tables_at + 0x1000 + (high_hole >> 30) * 8, (tables_at + 0x3000) | 3);
  put(tables_at + 0x2000, 0x83);
  put(tables_at + 0x3000 + (high_hole >> 21 & 511) * 8, high_hole | 0x83ull);
}

static void give_descriptors(const struct scene *s) {
  uint64_t code = s->mode == long_mode ? 0x00af9b000000ffff : 0x00cf9b000000ffff;
  put(idt_at - 0x100 + 8, code);
  put(idt_at - 0x100 + 16, 0x00cf93000000ffff);
}

static void give_registers(const struct scene *s) {
  struct kvm_sregs sregs;
  CALL(vcpu, KVM_GET_SREGS, &sregs);
  sregs.cs.base = 0, sregs.cs.selector = 0;
  if (s->mode != real_mode) {
    flat_segments(&sregs, 8, 16, s->mode == long_mode);
    sregs.gdt = (struct kvm_dtable){.base = idt_at - 0x100, .limit = 23};
    sregs.idt = (struct kvm_dtable){.base = idt_at, .limit = 0xfff};
    sregs.cr0 |= 1;
  }
  if (s->mode == long_mode) sregs.cr0 |= 0x80000000, sregs.cr3 = tables_at, sregs.cr4 |= 0x20, sregs.efer |= 0x500;
  CALL(vcpu, KVM_SET_SREGS, &sregs);
  struct kvm_regs regs = {.rip = code_at, .rsp = stack_at, .rbp = rounds, .rflags = 2};
  CALL(vcpu, KVM_SET_REGS, &regs);
}

static void print_io(void) {
  uint8_t *data = (uint8_t *)run + run->io.data_offset;
  uint32_t value = 0;
  if (run->io.direction == KVM_EXIT_IO_IN) {
    memset(data, 0x41, run->io.size);
    printf(" in(%x)", run->io.port);
    return;
  }
  memcpy(&value, data, run->io.size);
  printf(" out(%x)=%x", run->io.port, value);
}

static void print_mmio(void) {
  uint64_t value = 0;
  if (!run->mmio.is_write) memset(run->mmio.data, 0xc3, run->mmio.len);
  memcpy(&value, run->mmio.data, run->mmio.len);
  printf(" %s(%llx,%u)=%lx", run->mmio.is_write ? "write" : "read", run->mmio.phys_addr, run->mmio.len, value);
}

static void interrupt(const struct scene *s) {
  if (!s->controllers) {
    struct kvm_interrupt told = {.irq = vector};
    CALL(vcpu, KVM_INTERRUPT, &told);
    return;
  }
  for (unsigned level = 1; level < 2; level--) {
    struct kvm_irq_level told = {.irq = line, .level = level};
    CALL(vm, KVM_IRQ_LINE, &told);
  }
}

/* One exit: nonzero where the guest has come to its end. With controllers in the kernel HLT waits there, and the line is
 * raised before; the guest ends with what it says on port 14H. */
static int answer(const struct scene *s, int *halts) {
  switch (run->exit_reason) {
    case KVM_EXIT_IO:
      print_io();
      if (!s->controllers || run->io.direction != KVM_EXIT_IO_OUT) return 0;
      if (run->io.port == 0x13) interrupt(s);
      return run->io.port == 0x14;
    case KVM_EXIT_MMIO:
      print_mmio();
      return 0;
    case KVM_EXIT_HLT:
      printf(" hlt");
      if ((*halts)++ == 1) return 1;
      interrupt(s);
      return 0;
    default:
      print_failed_exit(stdout, run);
      return -1;
  }
}

static void begin(const struct scene *s) {
  make(s);
  memcpy(ram + code_at, s->code, s->handler - s->code);
  give_handler(s);
  give_tables();
  give_descriptors(s);
  give_registers(s);
}

static int take_time(void) {
  begin(&timing);
  printf("begin\n");
  must("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
  printf("end %u\n", run->exit_reason);
  return run->exit_reason == KVM_EXIT_HLT ? 0 : 1;
}

static int play(const struct scene *s) {
  int halts = 0, end = 0;
  begin(s);
  printf("%s:", s->name);
  for (int exits = 0; end == 0 && exits < most_exits; exits++) {
    must("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
    end = answer(s, &halts);
  }
  printf("\n");
  unmake();
  return end == 1 ? 0 : 1;
}

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR));
  if (count > 1) {
    rounds = strtoul(words[1], NULL, 10);
    return take_time();
  }
  int failed = 0;
  for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++) failed |= play(&scenes[i]);
  return failed;
}
