/*
 * Plays cases/set-cpuid/scenarios.txt of @vmm/cpuid on /dev/kvm and prints what the kernel answers.
 * As the first program of a machine it loads KVM's modules before, and switches the machine off afterwards.
 *
 * let NAME WORD…      $NAME stands for the words from here on
 * = NAME              a new VM without a vCPU; the vCPU is made by the first step that needs one
 * nohlt, nomwait      HLT does not exit; MWAIT follows IA32_MISC_ENABLE
 * set2, set1 ENTRY…   KVM_SET_CPUID2, KVM_SET_CPUID; an entry is leaf:index:flags:eax:ebx:ecx:edx in hexadecimal
 * cut N ENTRY…        KVM_SET_CPUID2 with memory that ends after N entries, or in the header where N is -
 * get NENT            KVM_GET_CPUID2
 * run                 KVM_RUN of one HLT
 * cr4, apic, xcr0, misc VALUE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
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

enum { page = 4096, most = 300 };

static int kvm, vm = -1, vcpu = -1;
static struct kvm_run *shared;

static const char *name_of(int error) {
  switch (error) {
  case 0: return "0";
  case EPERM: return "EPERM";
  case EINTR: return "EINTR";
  case EIO: return "EIO";
  case E2BIG: return "E2BIG";
  case ENOMEM: return "ENOMEM";
  case EFAULT: return "EFAULT";
  case EBUSY: return "EBUSY";
  case EINVAL: return "EINVAL";
  case ENOTTY: return "ENOTTY";
  default: return "other";
  }
}

static void told(const char *step, int answer) { printf("%s %s", step, name_of(answer < 0 ? errno : 0)); }

static void leave(void) {
  if (shared) munmap(shared, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
  if (vcpu >= 0) close(vcpu);
  if (vm >= 0) close(vm);
  shared = NULL;
  vcpu = vm = -1;
}

static void begin(void) {
  leave();
  vm = ioctl(kvm, KVM_CREATE_VM, 0);
  unsigned char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(memory, 0xf4, page);
  struct kvm_userspace_memory_region slot = {.memory_size = page, .userspace_addr = (unsigned long)memory};
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0) perror("memory");
}

static void need_vcpu(void) {
  if (vcpu >= 0) return;
  vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  shared = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
}

static void capability(unsigned number, unsigned long value) {
  struct kvm_enable_cap cap = {.cap = number, .args = {value}};
  told("cap", ioctl(vm, KVM_ENABLE_CAP, &cap));
  printf("\n");
}

/* Memory that ends where nothing can be read any more. */
static unsigned char *ending(size_t bytes) {
  size_t whole = (bytes + page - 1) / page * page;
  unsigned char *all = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(all + whole, page, PROT_NONE);
  return all + whole - bytes;
}

static unsigned entries_of(char **words, unsigned count, struct kvm_cpuid_entry2 *to) {
  for (unsigned i = 0; i < count; i++) {
    struct kvm_cpuid_entry2 *e = &to[i];
    memset(e, 0, sizeof *e);
    if (sscanf(words[i], "%x:%x:%x:%x:%x:%x:%x", &e->function, &e->index, &e->flags, &e->eax, &e->ebx, &e->ecx, &e->edx) != 7)
      fprintf(stderr, "no entry: %s\n", words[i]);
  }
  return count;
}

static void set2(char **words, unsigned count) {
  struct kvm_cpuid2 *table = calloc(1, sizeof *table + most * sizeof *table->entries);
  table->nent = entries_of(words, count, table->entries);
  told("set2", ioctl(vcpu, KVM_SET_CPUID2, table));
  printf("\n");
  free(table);
}

static void set1(char **words, unsigned count) {
  struct kvm_cpuid_entry2 given[most];
  struct kvm_cpuid *table = calloc(1, sizeof *table + most * sizeof *table->entries);
  table->nent = entries_of(words, count, given);
  for (unsigned i = 0; i < count; i++) {
    struct kvm_cpuid_entry e = {given[i].function, given[i].eax, given[i].ebx, given[i].ecx, given[i].edx, 0};
    table->entries[i] = e;
  }
  told("set1", ioctl(vcpu, KVM_SET_CPUID, table));
  printf("\n");
  free(table);
}

static void cut(char **words, unsigned count) {
  struct kvm_cpuid_entry2 given[most];
  unsigned nent = entries_of(words + 1, count - 1, given);
  int in_header = strcmp(words[0], "-") == 0;
  size_t readable = in_header ? 4 : 8 + atoi(words[0]) * sizeof *given;
  struct kvm_cpuid2 whole = {.nent = nent};
  unsigned char *at = ending(readable);
  memcpy(at, &whole, in_header ? 4 : 8);
  if (!in_header) memcpy(at + 8, given, readable - 8);
  told("cut", ioctl(vcpu, KVM_SET_CPUID2, at));
  printf("\n");
}

static void get(unsigned nent) {
  struct kvm_cpuid2 *table = calloc(1, sizeof *table + most * sizeof *table->entries);
  table->nent = nent;
  int answer = ioctl(vcpu, KVM_GET_CPUID2, table);
  told("get", answer);
  printf(" nent %u", table->nent);
  static const struct kvm_cpuid_entry2 nothing;
  unsigned last = answer < 0 ? 0 : nent;
  while (last > 0 && memcmp(&table->entries[last - 1], &nothing, sizeof nothing) == 0) last--;
  for (unsigned i = 0; i < last; i++) {
    struct kvm_cpuid_entry2 *e = &table->entries[i];
    printf(" %x:%x:%x:%x:%x:%x:%x", e->function, e->index, e->flags, e->eax, e->ebx, e->ecx, e->edx);
  }
  printf("\n");
  free(table);
}

static void run(void) {
  struct kvm_sregs sregs;
  struct kvm_regs regs = {.rflags = 2};
  ioctl(vcpu, KVM_GET_SREGS, &sregs);
  sregs.cs.base = 0;
  sregs.cs.selector = 0;
  ioctl(vcpu, KVM_SET_SREGS, &sregs);
  ioctl(vcpu, KVM_SET_REGS, &regs);
  shared->exit_reason = 99;
  told("run", ioctl(vcpu, KVM_RUN, 0));
  printf(" exit %u\n", shared->exit_reason);
}

static void sregs(const char *which, unsigned long long value) {
  struct kvm_sregs sregs;
  ioctl(vcpu, KVM_GET_SREGS, &sregs);
  if (strcmp(which, "cr4") == 0) sregs.cr4 = value;
  else sregs.apic_base = value;
  told(which, ioctl(vcpu, KVM_SET_SREGS, &sregs));
  printf("\n");
}

static void xcr0(unsigned long long value) {
  struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = value}}};
  told("xcr0", ioctl(vcpu, KVM_SET_XCRS, &xcrs));
  printf("\n");
}

static void misc(unsigned long long value) {
  struct { struct kvm_msrs head; struct kvm_msr_entry one; } msrs = {{.nmsrs = 1}, {.index = 0x1a0, .data = value}};
  int answer = ioctl(vcpu, KVM_SET_MSRS, &msrs);
  printf("misc %d\n", answer);
}

static void play(char **words, unsigned count) {
  const char *step = words[0];
  unsigned long long value = count > 1 ? strtoull(words[1], NULL, 16) : 0;
  if (strcmp(step, "=") == 0) { begin(); printf("= %s\n", words[1]); return; }
  if (strcmp(step, "nohlt") == 0) { capability(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT); return; }
  if (strcmp(step, "nomwait") == 0) { capability(213, 1 << 4); return; }
  need_vcpu();
  if (strcmp(step, "set2") == 0) set2(words + 1, count - 1);
  else if (strcmp(step, "set1") == 0) set1(words + 1, count - 1);
  else if (strcmp(step, "cut") == 0) cut(words + 1, count - 1);
  else if (strcmp(step, "get") == 0) get(atoi(words[1]));
  else if (strcmp(step, "run") == 0) run();
  else if (strcmp(step, "cr4") == 0 || strcmp(step, "apic") == 0) sregs(step, value);
  else if (strcmp(step, "xcr0") == 0) xcr0(value);
  else if (strcmp(step, "misc") == 0) misc(value);
  else fprintf(stderr, "no step: %s\n", step);
}

static char *words_for[64][most + 2];
static char *names[64];
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
  static char line[1 << 15];
  FILE *file = fopen(path, "r");
  if (!file) { perror(path); return; }
  while (fgets(line, sizeof line, file)) {
    char *words[most + 2];
    unsigned count = split(line, words);
    if (count == 0 || words[0][0] == '#') continue;
    if (strcmp(words[0], "let") != 0) { play(words, count); continue; }
    names[known] = strdup(words[1]);
    for (unsigned i = 2; i < count; i++) words_for[known][i - 2] = strdup(words[i]);
    known++;
  }
  leave();
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
  load("/lib/irqbypass.ko"), load("/lib/kvm.ko"), load("/lib/kvm-amd.ko"), load("/lib/kvm-intel.ko");
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
