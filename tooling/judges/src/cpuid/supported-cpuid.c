/*
 * Prints what a machine answers to CPUID, and what its KVM answers to the calls that tell what a guest can be given, in
 * the form of packages/abi/cpuid/cases/recorded. No guest runs.
 *
 * gcc -static -o probe supported-cpuid.c. On a live kernel: ./probe. As /init of an initramfs it loads
 * /lib/{irqbypass,kvm,kvm-amd,kvm-intel}.ko first, with the AMD and INTEL of the kernel's command line as their
 * parameters (AMD=npt=0), and switches off at the end.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static int has_subleaves(unsigned leaf) {
  static const unsigned leaves[] = {0x04, 0x07, 0x0b, 0x0d, 0x0f, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1b,
                                    0x1d, 0x1e, 0x1f, 0x20, 0x23, 0x24, 0x8000001d, 0x80000020, 0x80000026};
  for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++)
    if (leaves[i] == leaf) return 1;
  return 0;
}

static int ends_after(unsigned leaf, unsigned eax, unsigned ecx) {
  if (leaf == 0x0b || leaf == 0x1f || leaf == 0x80000026) return (ecx & 0xff00) == 0;
  return (leaf == 0x04 || leaf == 0x8000001d) && (eax & 0x1f) == 0;
}

static void print_leaf(unsigned leaf) {
  for (unsigned index = 0; index < 64; index++) {
    unsigned a, b, c, d;
    __cpuid_count(leaf, index, a, b, c, d);
    if (index > 0 && (a | b | c | d) == 0) {
      if (leaf == 0x0d) continue;
      return;
    }
    printf("0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n", leaf, index, a, b, c, d);
    if (!has_subleaves(leaf) || ends_after(leaf, a, c)) return;
  }
}

static void print_range(unsigned first) {
  unsigned last, b, c, d;
  __cpuid_count(first, 0, last, b, c, d);
  for (unsigned leaf = first; leaf <= last; leaf++) print_leaf(leaf);
}

static void ask(int fd, unsigned long request, const char *name, unsigned nent, int padding) {
  struct kvm_cpuid2 *table = calloc(1, sizeof *table + 256 * sizeof *table->entries);
  table->nent = nent;
  table->entries[0].padding[1] = padding;
  int failed = ioctl(fd, request, table);
  printf("\n== %s%s nent %u -> ", name, padding ? " with padding" : "", nent);
  if (failed) {
    printf("%s\n", errno == E2BIG ? "E2BIG" : errno == EINVAL ? "EINVAL" : strerror(errno));
  } else {
    printf("%u\n", table->nent);
    for (unsigned i = 0; i < table->nent; i++) {
      struct kvm_cpuid_entry2 *e = &table->entries[i];
      printf("0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x flags=%x\n", e->function, e->index, e->eax,
             e->ebx, e->ecx, e->edx, e->flags);
    }
  }
  free(table);
}

static void print_cpuinfo(void) {
  char line[8192];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
    char *value = strchr(line, ':');
    if (value && !strncmp(line, "flags", 5)) printf("# flags%s", value + 1);
    if (value && !strncmp(line, "bugs", 4)) printf("# bugs%s", value + 1);
  }
  if (file) fclose(file);
}

static void load(const char *path, const char *parameters) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  syscall(SYS_finit_module, fd, parameters ? parameters : "", 0);
  close(fd);
}

static void begin_as_init(void) {
  mkdir("/proc", 0755), mkdir("/dev", 0755);
  mount("proc", "/proc", "proc", 0, 0), mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
  int console = open("/dev/console", O_RDWR);
  dup2(console, 0), dup2(console, 1), dup2(console, 2);
  load("/lib/irqbypass.ko", 0), load("/lib/kvm.ko", 0);
  load("/lib/kvm-amd.ko", getenv("AMD")), load("/lib/kvm-intel.ko", getenv("INTEL"));
}

int main(void) {
  int is_init = getpid() == 1;
  if (is_init) begin_as_init();
  setvbuf(stdout, 0, _IOLBF, 0);
  struct utsname name;
  uname(&name);
  printf("# kernel %s\n", name.release);
  print_cpuinfo();
  printf("\n== host\n");
  print_range(0), print_range(0x80000000);
  int kvm = open("/dev/kvm", O_RDWR);
  int vcpu = kvm < 0 ? -1 : ioctl(ioctl(kvm, KVM_CREATE_VM, 0), KVM_CREATE_VCPU, 0);
  ask(kvm, KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", 256, 0);
  ask(kvm, KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", 0, 0);
  ask(kvm, KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", 5, 0);
  ask(kvm, KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", 5, 7);
  ask(kvm, KVM_GET_EMULATED_CPUID, "KVM_GET_EMULATED_CPUID", 256, 0);
  ask(kvm, KVM_GET_EMULATED_CPUID, "KVM_GET_EMULATED_CPUID", 0, 0);
  ask(kvm, KVM_GET_EMULATED_CPUID, "KVM_GET_EMULATED_CPUID", 3, 0);
  ask(kvm, KVM_GET_EMULATED_CPUID, "KVM_GET_EMULATED_CPUID", 4, 0);
  ask(kvm, KVM_GET_EMULATED_CPUID, "KVM_GET_EMULATED_CPUID", 256, 7);
  ask(kvm, KVM_GET_SUPPORTED_HV_CPUID, "KVM_GET_SUPPORTED_HV_CPUID /dev/kvm", 256, 0);
  ask(kvm, KVM_GET_SUPPORTED_HV_CPUID, "KVM_GET_SUPPORTED_HV_CPUID /dev/kvm", 9, 0);
  if (vcpu >= 0) ask(vcpu, KVM_GET_SUPPORTED_HV_CPUID, "KVM_GET_SUPPORTED_HV_CPUID vcpu", 256, 0);
  if (is_init) {
    sync(), sleep(2);
    reboot(RB_POWER_OFF);
    for (;;) pause();
  }
  return 0;
}
