/*
 * Plays cases/state/scenarios.txt of @vmm/vcpu on /dev/kvm and prints what the kernel answers. It runs no guest.
 * As the first program of a machine it loads KVM's modules before, and switches the machine off afterwards.
 * Numbers are hexadecimal.
 *
 * let NAME WORD…        $NAME stands for the words from here on
 * = NAME                a new VM without a vCPU; the vCPU is made by the first step that needs one
 * irqchip, split        KVM_CREATE_IRQCHIP, KVM_CAP_SPLIT_IRQCHIP
 * cap N VALUE           KVM_ENABLE_CAP on the VM
 * vmtsc KHZ             KVM_SET_TSC_KHZ on the VM
 * clock FLAGS           KVM_SET_CLOCK
 * cpuid ENTRY…          KVM_SET_CPUID2; an entry is leaf:index:flags:eax:ebx:ecx:edx
 * set S FIELD=VALUE…    the call that sets struct S, with what the call that gets it gives but for these fields
 * put S FIELD=VALUE…    the same with zeros but for these fields
 * get S FIELD…          what the call that gets S gives, in these fields
 * irq N, nmi, smi, tsc KHZ, tpr FLAGS, clockctrl, setupmce CAP, mce BANK STATUS, translate ADDRESS
 * sigmask null|fault|LENGTH [fault|MASK]
 * attr has|get|set GROUP ATTR [fault]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { most = 64, room = 1 << 16 };

typedef unsigned long long u64;
struct field { const char *name; size_t offset, size; };
struct call { const char *name; unsigned long get, set; const struct field *fields; };

#define F(type, member) {#member, offsetof(struct type, member), sizeof(((struct type *)0)->member)}
#define END {NULL, 0, 0}

static const struct field regs[] = {F(kvm_regs, rip), F(kvm_regs, rflags), F(kvm_regs, rax), END};
static const struct field sregs[] = {
    F(kvm_sregs, cr0), F(kvm_sregs, cr2), F(kvm_sregs, cr3), F(kvm_sregs, cr4), F(kvm_sregs, cr8), F(kvm_sregs, efer),
    F(kvm_sregs, apic_base), F(kvm_sregs, cs.l), F(kvm_sregs, cs.db), F(kvm_sregs, cs.base), F(kvm_sregs, cs.type),
    F(kvm_sregs, ds.base), F(kvm_sregs, ss.unusable), F(kvm_sregs, gdt.limit), F(kvm_sregs, gdt.base),
    F(kvm_sregs, interrupt_bitmap[0]), F(kvm_sregs, interrupt_bitmap[1]), F(kvm_sregs, interrupt_bitmap[3]), END};
static const struct field sregs2[] = {
    F(kvm_sregs2, cr0), F(kvm_sregs2, cr2), F(kvm_sregs2, cr3), F(kvm_sregs2, cr4), F(kvm_sregs2, efer),
    F(kvm_sregs2, apic_base), F(kvm_sregs2, cs.l), F(kvm_sregs2, cs.db), F(kvm_sregs2, flags), F(kvm_sregs2, pdptrs[0]), END};
static const struct field debugregs[] = {
    F(kvm_debugregs, db[0]), F(kvm_debugregs, db[3]), F(kvm_debugregs, dr6), F(kvm_debugregs, dr7),
    F(kvm_debugregs, flags), END};
static const struct field events[] = {
    F(kvm_vcpu_events, flags), F(kvm_vcpu_events, exception.injected), F(kvm_vcpu_events, exception.nr),
    F(kvm_vcpu_events, exception.has_error_code), F(kvm_vcpu_events, exception.pending),
    F(kvm_vcpu_events, exception.error_code), F(kvm_vcpu_events, exception_has_payload),
    F(kvm_vcpu_events, exception_payload), F(kvm_vcpu_events, interrupt.injected), F(kvm_vcpu_events, interrupt.nr),
    F(kvm_vcpu_events, interrupt.soft), F(kvm_vcpu_events, interrupt.shadow), F(kvm_vcpu_events, nmi.injected),
    F(kvm_vcpu_events, nmi.pending), F(kvm_vcpu_events, nmi.masked), F(kvm_vcpu_events, sipi_vector),
    F(kvm_vcpu_events, smi.smm), F(kvm_vcpu_events, smi.pending), F(kvm_vcpu_events, triple_fault.pending), END};
static const struct field mp_state[] = {F(kvm_mp_state, mp_state), END};
static const struct field xcrs[] = {
    F(kvm_xcrs, nr_xcrs), F(kvm_xcrs, flags), F(kvm_xcrs, xcrs[0].xcr), F(kvm_xcrs, xcrs[0].value),
    F(kvm_xcrs, xcrs[1].xcr), F(kvm_xcrs, xcrs[1].value), END};
static const struct field xsave[] = {
    {"fcw", 0, 2}, {"mxcsr", 24, 4}, {"xstate_bv", 512, 8}, {"xcomp_bv", 520, 8}, {"reserved", 528, 8},
    {"reserved_last", 568, 8}, END};
static const struct field fpu[] = {F(kvm_fpu, fcw), F(kvm_fpu, fsw), F(kvm_fpu, ftwx), F(kvm_fpu, mxcsr), END};
static const struct field lapic[] = {{"id", 0x20, 4}, {"tpr", 0x80, 4}, {"ldr", 0xd0, 4}, {"spiv", 0xf0, 4}, END};
static const struct field debug[] = {
    F(kvm_guest_debug, control), F(kvm_guest_debug, arch.debugreg[0]), F(kvm_guest_debug, arch.debugreg[7]), END};

static const struct call calls[] = {
    {"REGS", KVM_GET_REGS, KVM_SET_REGS, regs},
    {"SREGS", KVM_GET_SREGS, KVM_SET_SREGS, sregs},
    {"SREGS2", KVM_GET_SREGS2, KVM_SET_SREGS2, sregs2},
    {"DEBUGREGS", KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, debugregs},
    {"EVENTS", KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, events},
    {"MP_STATE", KVM_GET_MP_STATE, KVM_SET_MP_STATE, mp_state},
    {"XCRS", KVM_GET_XCRS, KVM_SET_XCRS, xcrs},
    {"XSAVE", KVM_GET_XSAVE, KVM_SET_XSAVE, xsave},
    {"FPU", KVM_GET_FPU, KVM_SET_FPU, fpu},
    {"LAPIC", KVM_GET_LAPIC, KVM_SET_LAPIC, lapic},
    {"DEBUG", 0, KVM_SET_GUEST_DEBUG, debug},
};

static int kvm, vm = -1, vcpu = -1;
static unsigned char bytes[room];

static const char *name_of(int error) {
  switch (error) {
  case 0: return "0";
  case EPERM: return "EPERM";
  case EIO: return "EIO";
  case ENXIO: return "ENXIO";
  case E2BIG: return "E2BIG";
  case ENOMEM: return "ENOMEM";
  case EFAULT: return "EFAULT";
  case EBUSY: return "EBUSY";
  case EEXIST: return "EEXIST";
  case EINVAL: return "EINVAL";
  case ENOTTY: return "ENOTTY";
  default: return "other";
  }
}

static const char *answered(long answer) { return name_of(answer < 0 ? errno : 0); }
static u64 number(const char *text) { return strtoull(text, NULL, 16); }

static void begin(void) {
  if (vcpu >= 0) close(vcpu);
  if (vm >= 0) close(vm);
  vcpu = -1;
  vm = ioctl(kvm, KVM_CREATE_VM, 0);
}

static long enable(unsigned cap, u64 value) {
  struct kvm_enable_cap asked = {.cap = cap, .args = {value}};
  return ioctl(vm, KVM_ENABLE_CAP, &asked);
}

static long set_cpuid(char **words, unsigned count) {
  struct kvm_cpuid2 *table = (void *)bytes;
  memset(bytes, 0, room);
  table->nent = count;
  for (unsigned i = 0; i < count; i++) {
    struct kvm_cpuid_entry2 *e = &table->entries[i];
    if (sscanf(words[i], "%x:%x:%x:%x:%x:%x:%x", &e->function, &e->index, &e->flags, &e->eax, &e->ebx, &e->ecx, &e->edx) != 7)
      fprintf(stderr, "no entry: %s\n", words[i]);
  }
  return ioctl(vcpu, KVM_SET_CPUID2, table);
}

static const struct call *call_named(const char *name) {
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    if (strcmp(calls[i].name, name) == 0) return &calls[i];
  fprintf(stderr, "no struct: %s\n", name);
  exit(1);
}

static const struct field *field_named(const struct call *call, const char *name, size_t length) {
  for (const struct field *f = call->fields; f->name; f++)
    if (strlen(f->name) == length && strncmp(f->name, name, length) == 0) return f;
  fprintf(stderr, "no field of %s: %s\n", call->name, name);
  exit(1);
}

static long get(const struct call *call, char **words, unsigned count) {
  memset(bytes, 0, room);
  long answer = ioctl(vcpu, call->get, bytes);
  printf("get %s %s", call->name, answered(answer));
  for (unsigned i = 0; i < count && answer >= 0; i++) {
    const struct field *f = field_named(call, words[i], strlen(words[i]));
    u64 value = 0;
    memcpy(&value, bytes + f->offset, f->size);
    printf(" %s=%llx", f->name, value);
  }
  printf("\n");
  return answer;
}

static void set(const struct call *call, int from_zeros, char **words, unsigned count) {
  memset(bytes, 0, room);
  if (!from_zeros && ioctl(vcpu, call->get, bytes) < 0) {
    printf("set %s unreadable\n", call->name);
    return;
  }
  for (unsigned i = 0; i < count; i++) {
    const char *is = strchr(words[i], '=');
    const struct field *f = field_named(call, words[i], is - words[i]);
    u64 value = number(is + 1);
    memcpy(bytes + f->offset, &value, f->size);
  }
  printf("%s %s %s\n", from_zeros ? "put" : "set", call->name, answered(ioctl(vcpu, call->set, bytes)));
}

static long signal_mask(char **words, unsigned count) {
  if (strcmp(words[0], "null") == 0) return ioctl(vcpu, KVM_SET_SIGNAL_MASK, NULL);
  if (strcmp(words[0], "fault") == 0) return ioctl(vcpu, KVM_SET_SIGNAL_MASK, 16);
  long page = sysconf(_SC_PAGESIZE);
  unsigned char *all = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int cut = count > 1 && strcmp(words[1], "fault") == 0;
  unsigned char *at = all + page - (cut ? 4 : 12);
  unsigned length = number(words[0]);
  u64 mask = count > 1 && !cut ? number(words[1]) : 0;
  memcpy(at, &length, 4);
  if (!cut) memcpy(at + 4, &mask, 8);
  mprotect(all + page, page, PROT_NONE);
  long answer = ioctl(vcpu, KVM_SET_SIGNAL_MASK, at);
  int error = errno;
  munmap(all, 2 * page);
  errno = error;
  return answer;
}

static long attribute(char **words, unsigned count) {
  u64 value = 0;
  struct kvm_device_attr attr = {.group = number(words[1]), .attr = number(words[2]), .addr = count > 3 ? 16 : (unsigned long)&value};
  if (strcmp(words[0], "has") == 0) return ioctl(vcpu, KVM_HAS_DEVICE_ATTR, &attr);
  if (strcmp(words[0], "get") == 0) return ioctl(vcpu, KVM_GET_DEVICE_ATTR, &attr);
  return ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr);
}

static long translate(u64 address) {
  struct kvm_translation asked = {.linear_address = address};
  long answer = ioctl(vcpu, KVM_TRANSLATE, &asked);
  printf("translate %s physical=%llx valid=%x writeable=%x usermode=%x\n", answered(answer), asked.physical_address,
         asked.valid, asked.writeable, asked.usermode);
  return answer;
}

/* What is asked of a VM. */
static int ask_vm(const char *step, u64 value, char **words, long *answer) {
  struct kvm_clock_data clock = {.flags = value};
  if (strcmp(step, "irqchip") == 0) *answer = ioctl(vm, KVM_CREATE_IRQCHIP, 0);
  else if (strcmp(step, "split") == 0) *answer = enable(KVM_CAP_SPLIT_IRQCHIP, 24);
  else if (strcmp(step, "cap") == 0) *answer = enable(value, number(words[2]));
  else if (strcmp(step, "vmtsc") == 0) *answer = ioctl(vm, KVM_SET_TSC_KHZ, value);
  else if (strcmp(step, "clock") == 0) *answer = ioctl(vm, KVM_SET_CLOCK, &clock);
  else return 0;
  return 1;
}

/* What is asked of a vCPU with nothing but numbers. */
static int ask_vcpu(const char *step, u64 value, char **words, unsigned count, long *answer) {
  struct kvm_interrupt irq = {.irq = value};
  struct kvm_tpr_access_ctl tpr = {.flags = value};
  struct kvm_x86_mce mce = {.bank = value, .status = count > 2 ? number(words[2]) : 0};
  if (strcmp(step, "cpuid") == 0) *answer = set_cpuid(words + 1, count - 1);
  else if (strcmp(step, "irq") == 0) *answer = ioctl(vcpu, KVM_INTERRUPT, &irq);
  else if (strcmp(step, "nmi") == 0) *answer = ioctl(vcpu, KVM_NMI, 0);
  else if (strcmp(step, "smi") == 0) *answer = ioctl(vcpu, KVM_SMI, 0);
  else if (strcmp(step, "tsc") == 0) *answer = ioctl(vcpu, KVM_SET_TSC_KHZ, value);
  else if (strcmp(step, "tpr") == 0) *answer = ioctl(vcpu, KVM_TPR_ACCESS_REPORTING, &tpr);
  else if (strcmp(step, "clockctrl") == 0) *answer = ioctl(vcpu, KVM_KVMCLOCK_CTRL, 0);
  else if (strcmp(step, "setupmce") == 0) *answer = ioctl(vcpu, KVM_X86_SETUP_MCE, &value);
  else if (strcmp(step, "mce") == 0) *answer = ioctl(vcpu, KVM_X86_SET_MCE, &mce);
  else if (strcmp(step, "sigmask") == 0) *answer = signal_mask(words + 1, count - 1);
  else if (strcmp(step, "attr") == 0) *answer = attribute(words + 1, count - 1);
  else return 0;
  return 1;
}

static void play(char **words, unsigned count) {
  const char *step = words[0];
  u64 value = count > 1 ? number(words[1]) : 0;
  long answer;
  if (strcmp(step, "=") == 0) { begin(); printf("= %s\n", words[1]); return; }
  if (ask_vm(step, value, words, &answer)) { printf("%s %s\n", step, answered(answer)); return; }
  if (vcpu < 0) vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  if (strcmp(step, "get") == 0) get(call_named(words[1]), words + 2, count - 2);
  else if (strcmp(step, "set") == 0) set(call_named(words[1]), 0, words + 2, count - 2);
  else if (strcmp(step, "put") == 0) set(call_named(words[1]), 1, words + 2, count - 2);
  else if (strcmp(step, "translate") == 0) translate(value);
  else if (ask_vcpu(step, value, words, count, &answer)) printf("%s %s\n", step, answered(answer));
  else fprintf(stderr, "no step: %s\n", step);
}

static char *words_for[most][most + 1];
static char *names[most];
static unsigned known;

static unsigned split(char *line, char **words) {
  unsigned count = 0;
  for (char *word = strtok(line, " \n"); word && count < most; word = strtok(NULL, " \n")) {
    unsigned at = 0;
    while (word[0] == '$' && at < known && strcmp(names[at], word + 1) != 0) at++;
    if (word[0] != '$' || at == known) { words[count++] = word; continue; }
    for (char **each = words_for[at]; *each && count < most; each++) words[count++] = *each;
  }
  return count;
}

static void play_all(const char *path) {
  static char line[1 << 14];
  FILE *file = fopen(path, "r");
  if (!file) { perror(path); return; }
  while (fgets(line, sizeof line, file)) {
    char *words[most + 1] = {NULL};
    unsigned count = split(line, words);
    if (count == 0 || words[0][0] == '#') continue;
    if (strcmp(words[0], "let") != 0) { play(words, count); continue; }
    names[known] = strdup(words[1]);
    for (unsigned i = 2; i < count; i++) words_for[known][i - 2] = strdup(words[i]);
    known++;
  }
}

static void load(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) syscall(SYS_finit_module, file, "", 0);
}

static void boot(void) {
  mkdir("/proc", 0755);
  mkdir("/dev", 0755);
  mount("proc", "/proc", "proc", 0, 0);
  mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
  int console = open("/dev/console", O_RDWR);
  dup2(console, 0), dup2(console, 1), dup2(console, 2);
  load("/lib/irqbypass.ko"), load("/lib/rng-core.ko"), load("/lib/ccp.ko");
  load("/lib/kvm.ko"), load("/lib/kvm-amd.ko"), load("/lib/kvm-intel.ko");
}

int main(int argc, char **argv) {
  int first = getpid() == 1;
  if (first) boot();
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct utsname kernel;
  uname(&kernel);
  kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) perror("/dev/kvm");
  printf("@@BEGIN %s\n", kernel.release);
  play_all(argc > 1 && !first ? argv[1] : "/scenarios.txt");
  printf("@@END\n");
  if (first) reboot(RB_POWER_OFF);
  return 0;
}
