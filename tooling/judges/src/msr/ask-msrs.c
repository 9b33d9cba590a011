/*
 * Asks /dev/kvm about every MSR of asked-msrs.txt and prints what the kernel answers; `noruns` asks without a guest.
 * As the first program of a machine it loads KVM's modules (/m0.ko to /m8.ko) before, and switches the machine off
 * afterwards. `@vmm/msr` has what was recorded, and what the lines mean: cases/ and src/recorded.ts.
 */
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

typedef unsigned long long hex;

static const uint32_t asked[] = {
#include "asked-msrs.txt"
};
static const uint64_t values[] = {
    0, 1, 6, 0x10, 1ull << 18, 1ull << 24, 0x123456789000ull, 0xaaaa5555aaaa5555ull, 1ull << 63, ~0ull,
};

enum { page = 4096, ram_size = 0x10000, code_at = 0x1000, handler_at = 0x2000, done_port = 0x80, fault_port = 0x81 };
enum { count_values = sizeof values / sizeof *values, after_run = 4 };

struct machine {
  int vm, cpu;
  struct kvm_run *run;
  size_t run_size;
  unsigned char *ram;
};

static int kvm, runs = 1;
static struct {
  struct kvm_cpuid2 head;
  struct kvm_cpuid_entry2 entry[256];
} supported;

static int number_of(int result) { return result < 0 ? errno : 0; }

static void load(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || syscall(SYS_finit_module, file, "", 0)) printf("note load %s %d\n", path, errno);
  if (file >= 0) close(file);
}

static void be_first_program(void) {
  mkdir("/dev", 0755);
  mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  mkdir("/sys", 0755);
  mount("sysfs", "/sys", "sysfs", 0, "");
  for (int i = 0; i < 9; i++) {
    char path[16];
    snprintf(path, sizeof path, "/m%d.ko", i);
    if (access(path, R_OK) == 0) load(path);
  }
}

/* A VM that hears of every failed access; whole: with its interrupt controllers in the kernel, and CPUID. */
static int make(struct machine *m, int whole) {
  m->vm = ioctl(kvm, KVM_CREATE_VM, 0L);
  if (m->vm < 0) return -1;
  if (whole) ioctl(m->vm, KVM_CREATE_IRQCHIP, 0L);
  m->cpu = ioctl(m->vm, KVM_CREATE_VCPU, 0L);
  if (m->cpu < 0) return -1;
  m->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0L);
  m->run = mmap(0, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->cpu, 0);
  m->ram = mmap(0, ram_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct kvm_userspace_memory_region region = {.memory_size = ram_size, .userspace_addr = (uintptr_t)m->ram};
  ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
  if (whole) ioctl(m->cpu, KVM_SET_CPUID2, &supported);
  struct kvm_enable_cap all = {.cap = KVM_CAP_X86_USER_SPACE_MSR, .args = {7}};
  ioctl(m->vm, KVM_ENABLE_CAP, &all);
  return 0;
}

static void drop(struct machine *m) {
  munmap(m->run, m->run_size);
  munmap(m->ram, ram_size);
  close(m->cpu);
  close(m->vm);
}

struct one {
  struct kvm_msrs head;
  struct kvm_msr_entry entry;
};

static int get(int file, uint32_t index, uint64_t *data) {
  struct one call = {.head = {.nmsrs = 1}, .entry = {.index = index, .data = 0x5555}};
  int done = ioctl(file, KVM_GET_MSRS, &call);
  *data = call.entry.data;
  return done;
}

static int set(int file, uint32_t index, uint64_t data) {
  struct one call = {.head = {.nmsrs = 1}, .entry = {.index = index, .data = data}};
  return ioctl(file, KVM_SET_MSRS, &call);
}

/* mov ecx, index; mov eax, low; mov edx, high; rdmsr or wrmsr; out 80h, al; hlt. Every fault goes to out 81h, al; hlt. */
static void place(struct machine *m, char what, uint32_t index, uint64_t data) {
  unsigned char code[] = {0x66, 0xb9, 0, 0, 0,    0, 0x66, 0xb8, 0, 0, 0, 0, 0x66, 0xba, 0, 0, 0, 0,
                          0x0f, what == 'W' ? 0x30 : 0x32, 0xe6, done_port, 0xf4};
  const unsigned char handler[] = {0xe6, fault_port, 0xf4};
  uint32_t low = (uint32_t)data, high = (uint32_t)(data >> 32);
  memcpy(code + 2, &index, 4);
  memcpy(code + 8, &low, 4);
  memcpy(code + 14, &high, 4);
  memset(m->ram, 0, ram_size);
  for (int vector = 0; vector < 32; vector++) m->ram[4 * vector + 1] = handler_at >> 8;
  memcpy(m->ram + code_at, code, sizeof code);
  memcpy(m->ram + handler_at, handler, sizeof handler);
  struct kvm_sregs system;
  ioctl(m->cpu, KVM_GET_SREGS, &system);
  system.cs.base = 0;
  system.cs.selector = 0;
  ioctl(m->cpu, KVM_SET_SREGS, &system);
  struct kvm_regs general = {.rip = code_at, .rsp = 0x8000, .rflags = 2};
  ioctl(m->cpu, KVM_SET_REGS, &general);
}

/* An instruction of a guest, up to what becomes of it: done, a fault after an exit for a reason (0: none), or else. */
static void guest(struct machine *m, char what, uint32_t index, uint64_t data) {
  place(m, what, index, data);
  struct itimerval limit = {.it_value = {.tv_sec = 2}}, off;
  memset(&off, 0, sizeof off);
  int reason = 0;
  printf("%c %x %llx ", what, index, (hex)data);
  for (int i = 0; i < 8; i++) {
    setitimer(ITIMER_REAL, &limit, 0);
    int failed = number_of(ioctl(m->cpu, KVM_RUN, 0L));
    setitimer(ITIMER_REAL, &off, 0);
    struct kvm_run *run = m->run;
    if (failed) {
      printf("errno %d\n", failed);
      return;
    }
    if (run->exit_reason == KVM_EXIT_X86_RDMSR || run->exit_reason == KVM_EXIT_X86_WRMSR) {
      reason = run->msr.reason;
      run->msr.error = 1;
      continue;
    }
    if (run->exit_reason != KVM_EXIT_IO) {
      printf("exit %d\n", run->exit_reason);
      return;
    }
    struct kvm_regs general;
    ioctl(m->cpu, KVM_GET_REGS, &general);
    if (run->io.port == fault_port) printf("fault %d\n", reason);
    else if (what == 'R') printf("done %llx\n", (hex)(general.rdx << 32 | (general.rax & 0xffffffff)));
    else printf("done\n");
    run->immediate_exit = 1;
    ioctl(m->cpu, KVM_RUN, 0L);
    run->immediate_exit = 0;
    return;
  }
  printf("lost\n");
}

static void set_and_get(struct machine *m, char what, uint32_t index, uint64_t value) {
  uint64_t held;
  int done = set(m->cpu, index, value), read = get(m->cpu, index, &held);
  printf("%c %x %llx %d %d %llx\n", what, index, (hex)value, done, read, (hex)held);
}

static void one_msr(uint32_t index, int whole) {
  struct machine m;
  uint64_t held;
  if (make(&m, whole)) {
    printf("note vm %d\n", errno);
    return;
  }
  int read = get(m.cpu, index, &held);
  printf("g %x %d %llx\n", index, read, (hex)held);
  for (unsigned i = 0; i < count_values; i++) set_and_get(&m, 's', index, values[i]);
  drop(&m);
  if (!runs || make(&m, whole)) return;
  guest(&m, 'R', index, 0);
  for (unsigned i = 0; i < count_values; i++) {
    guest(&m, 'W', index, values[i]);
    read = get(m.cpu, index, &held);
    printf("h %x %d %llx\n", index, read, (hex)held);
  }
  for (unsigned i = 0; i < after_run; i++) set_and_get(&m, 'a', index, values[i]);
  drop(&m);
}

static void lists(void) {
  static struct {
    struct kvm_msr_list head;
    uint32_t index[1024];
  } list;
  uint64_t told;
  for (int feature = 0; feature < 2; feature++) {
    unsigned long call = feature ? KVM_GET_MSR_FEATURE_INDEX_LIST : KVM_GET_MSR_INDEX_LIST;
    list.head.nmsrs = 0;
    int failed = number_of(ioctl(kvm, call, &list));
    printf("short %d %d %u\n", feature, failed, list.head.nmsrs);
    list.head.nmsrs = 1024;
    failed = ioctl(kvm, call, &list);
    for (unsigned i = 0; failed == 0 && i < list.head.nmsrs; i++) {
      told = 0;
      int read = feature ? get(kvm, list.index[i], &told) : 0;
      printf("list %d %x %d %llx\n", feature, list.index[i], read, (hex)told);
    }
  }
  int read = get(kvm, 0x10, &told);
  printf("system 10 %d %llx\n", read, (hex)told);
}

static void bulk(void) {
  static struct {
    struct kvm_msrs head;
    struct kvm_msr_entry entry[256];
  } call;
  struct machine m;
  if (make(&m, 0)) return;
  call.head.nmsrs = 256;
  printf("bulk many %d\n", number_of(ioctl(m.cpu, KVM_SET_MSRS, &call)));
  unsigned char *pages = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + page, page);
  struct kvm_msrs *edge = (struct kvm_msrs *)(pages + page - sizeof *edge);
  edge->nmsrs = 1;
  printf("bulk manyfault %d\n", number_of(ioctl(m.cpu, KVM_SET_MSRS, edge)));
  munmap(pages, page);
  const struct kvm_msr_entry entries[] = {
      {.index = 0x277, .data = 6}, {.index = 0x999, .data = 1}, {.index = 0x174, .data = 9}};
  call.head.nmsrs = 3;
  memcpy(call.entry, entries, sizeof entries);
  printf("bulk partial %d\n", ioctl(m.cpu, KVM_SET_MSRS, &call));
  for (int i = 0; i < 3; i++) call.entry[i].data = 0x77;
  int done = ioctl(m.cpu, KVM_GET_MSRS, &call);
  printf("bulk get %d %llx %llx %llx\n", done, call.entry[0].data, call.entry[1].data, call.entry[2].data);
  drop(&m);
}

static void filter(const char *name, int vm, uint32_t flags, struct kvm_msr_filter_range range) {
  struct kvm_msr_filter call;
  memset(&call, 0, sizeof call);
  call.flags = flags;
  call.ranges[0] = range;
  printf("filter %s %d\n", name, number_of(ioctl(vm, KVM_X86_SET_MSR_FILTER, &call)));
}

static void filters(void) {
  static unsigned char bits[page];
  struct machine m;
  if (make(&m, 0)) return;
#define range(access, count) (struct kvm_msr_filter_range){.flags = access, .nmsrs = count, .base = 0x10, .bitmap = bits}
  filter("empty", m.vm, 0, range(0, 0));
  filter("emptydeny", m.vm, 1, range(0, 0));
  filter("flags", m.vm, 2, range(3, 8));
  filter("rangeflags", m.vm, 0, range(4, 8));
  filter("norangeflags", m.vm, 0, range(0, 8));
  filter("unusedflags", m.vm, 0, range(4, 0));
  filter("most", m.vm, 0, range(3, 0x600 * 8));
  filter("toomany", m.vm, 0, range(3, 0x600 * 8 + 1));
  filter("fault", m.vm, 0, (struct kvm_msr_filter_range){.flags = 3, .nmsrs = 8, .base = 0x10, .bitmap = (void *)8});
  for (uint64_t mask = 8; mask >= 7; mask--) {
    struct kvm_enable_cap call = {.cap = KVM_CAP_X86_USER_SPACE_MSR, .args = {mask}};
    printf("mask %llu %d\n", (hex)mask, number_of(ioctl(m.vm, KVM_ENABLE_CAP, &call)));
  }
  drop(&m);
}

static void machine_checks(void) {
  static const uint64_t capabilities[] = {0, 1, 32, 33, 0x120, 0x20020, 1ull << 26 | 2, 0x100010a};
  static const uint32_t looked_at[] = {0x179, 0x17a, 0x17b, 0x400, 0x401, 0x402, 0x403,
                                       0x404, 0x405, 0x408, 0x424, 0x425, 0x428, 0x280};
  static const struct kvm_x86_mce errors[] = {
      {.status = 1ull << 63, .addr = 7, .misc = 8, .bank = 10},
      {.status = 0, .bank = 1},
      {.status = 1ull << 63, .addr = 7, .misc = 8, .bank = 1},
      {.status = 1ull << 63 | 5, .addr = 9, .misc = 8, .bank = 1},
      {.status = 5ull << 61, .addr = 11, .misc = 12, .mcg_status = 0, .bank = 1},
      {.status = 5ull << 61 | 1ull << 56, .addr = 11, .misc = 12, .mcg_status = 5, .bank = 2},
  };
  struct machine m;
  if (make(&m, 0)) return;
  uint64_t told = 0;
  int failed = number_of(ioctl(kvm, KVM_X86_GET_MCE_CAP_SUPPORTED, &told));
  printf("mce supported %d %llx\n", failed, (hex)told);
  for (unsigned i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
    uint64_t given = capabilities[i];
    failed = number_of(ioctl(m.cpu, KVM_X86_SETUP_MCE, &given));
    printf("mce setup %llx %d\n", (hex)given, failed);
  }
  for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
    struct kvm_x86_mce error = errors[i];
    printf("mce set %u %d\n", i, number_of(ioctl(m.cpu, KVM_X86_SET_MCE, &error)));
    for (unsigned j = 0; j < sizeof looked_at / sizeof *looked_at; j++) {
      int read = get(m.cpu, looked_at[j], &told);
      printf("mce get %u %x %d %llx\n", i, looked_at[j], read, (hex)told);
    }
  }
  drop(&m);
}

static void print_leaf(const char *whose, uint32_t leaf, uint32_t subleaf, const uint32_t *out) {
  printf("%s    0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n", whose, leaf, subleaf, out[0], out[1],
         out[2], out[3]);
}

static void cpuid(void) {
  for (unsigned i = 0; i < supported.head.nent; i++) {
    struct kvm_cpuid_entry2 *entry = &supported.entry[i];
    print_leaf("supported", entry->function, entry->index, &entry->eax);
  }
  for (int range = 0; range < 2; range++) {
    uint32_t first = range ? 0x80000000 : 0, out[4];
    __cpuid(first, out[0], out[1], out[2], out[3]);
    uint32_t last = out[0] < first + 0x2f ? out[0] : first + 0x2f;
    for (uint32_t leaf = first; leaf <= last; leaf++) {
      int indexed = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd || leaf == 0x14 || leaf == 0x8000001d;
      for (uint32_t subleaf = 0; subleaf < (indexed ? 8 : 1); subleaf++) {
        __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
        print_leaf("cpuid", leaf, subleaf, out);
      }
    }
  }
}

static void parameters(void) {
  static const char *const modules[] = {"kvm", "kvm_intel", "kvm_amd"};
  for (unsigned i = 0; i < sizeof modules / sizeof *modules; i++) {
    char path[512], value[64];
    snprintf(path, sizeof path, "/sys/module/%s/parameters", modules[i]);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
      snprintf(path, sizeof path, "/sys/module/%s/parameters/%s", modules[i], entry->d_name);
      FILE *file = entry->d_name[0] == '.' ? 0 : fopen(path, "re");
      if (file && fgets(value, sizeof value, file)) printf("param %s.%s %s", modules[i], entry->d_name, value);
      if (file) fclose(file);
    }
    if (directory) closedir(directory);
  }
}

static void on_alarm(int signal) { (void)signal; }

int main(int count, char **words) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, 0);
  if (getpid() == 1) be_first_program();
  if (count > 1 && !strcmp(words[1], "noruns")) runs = 0;
  struct utsname name;
  uname(&name);
  printf("begin %s\n", name.release);
  kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) printf("note no /dev/kvm: %d\n", errno);
  supported.head.nent = 256;
  ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &supported);
  parameters();
  cpuid();
  lists();
  bulk();
  filters();
  machine_checks();
  for (int whole = 0; whole < 2; whole++) {
    printf("config %d\n", whole);
    for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) one_msr(asked[i], whole);
  }
  printf("end\n");
  fflush(stdout);
  tcdrain(1);
  if (getpid() == 1) {
    sleep(3);
    reboot(RB_POWER_OFF);
  }
  return 0;
}
