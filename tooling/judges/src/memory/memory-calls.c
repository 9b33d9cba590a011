/*
 * Plays scenarios of @vmm/kvm (cases/memory-calls) on /dev/kvm and prints what the kernel answers. Guests are run by the step
 * "run" alone. As the first program of a machine it loads KVM's modules before, and switches the machine off afterwards.
 * Numbers are hexadecimal. USER is an address of user space, or mem+N: N bytes into 4 MiB that are mapped; void+N: N
 * bytes into a stretch that is not.
 *
 * = NAME [TYPE]                      a new VM; "none" if there is no such type, and for all that is asked of it
 * vcpu                               KVM_CREATE_VCPU; the first also begins at 1000H in real mode
 * ext N                              KVM_CHECK_EXTENSION on the VM
 * cap N FLAGS VALUE                  KVM_ENABLE_CAP on the VM
 * region SLOT FLAGS GPA SIZE USER    KVM_SET_USER_MEMORY_REGION
 * region2 SLOT FLAGS GPA SIZE USER FD OFFSET   its successor; FD is none, the VM's own (vm), or the number of a memfd
 * memfd SIZE FLAGS                   KVM_CREATE_GUEST_MEMFD
 * log SLOT WORDS|fault               KVM_GET_DIRTY_LOG
 * clear SLOT FIRST PAGES fault|WORD… KVM_CLEAR_DIRTY_LOG
 * rings                              KVM_RESET_DIRTY_RINGS
 * mapring PAGE PAGES shared|private|exec   mmap of the vCPU's file
 * entry N, harvest FROM COUNT        of the ring of the first vCPU
 * attr GPA SIZE ATTRIBUTES FLAGS     KVM_SET_MEMORY_ATTRIBUTES
 * prefault GPA SIZE FLAGS            KVM_PRE_FAULT_MEMORY
 * mmupages N, getmmupages, tss ADDRESS, ident ADDRESS|fault
 * zone, unzone ADDRESS SIZE PIO      KVM_REGISTER_COALESCED_MMIO and its opposite
 * collected                          the ring of collected writes
 * first N, last N                    user space moves its ends
 * fill OFFSET BYTE COUNT, code BYTE… into the mapped memory; code lies at 1000H
 * protect OFFSET SIZE none|read|all  mprotect of the mapped memory
 * bytes OFFSET COUNT                 what is in the mapped memory
 * run                                KVM_RUN
 */
#define _GNU_SOURCE
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

typedef unsigned long long u64;
typedef unsigned int u32;

/* What headers of older kernels do not have. */
struct region2 { u32 slot, flags; u64 gpa, size, user, offset; u32 memfd, pad1; u64 pad2[14]; };
struct memfd { u64 size, flags, reserved[6]; };
struct attributes { u64 address, size, attributes, flags; };
struct prefault { u64 gpa, size, flags, padding[5]; };
struct dirty_gfn { u32 flags, slot; u64 offset; };
enum { most = 256, memory_bytes = 4 << 20, ring_page = 64, memory_fault = 39, dirty_ring_full = 31 };
#define SET_REGION2 _IOW(KVMIO, 0x49, struct region2)
#define CREATE_MEMFD _IOWR(KVMIO, 0xd4, struct memfd)
#define SET_ATTRIBUTES _IOW(KVMIO, 0xd2, struct attributes)
#define PRE_FAULT _IOWR(KVMIO, 0xd5, struct prefault)
#define RESET_RINGS _IO(KVMIO, 0xc7)
#define GET_MMU_PAGES _IO(KVMIO, 0x45)

static int kvm, vm = -1, vcpus[8], memfds[8];
static unsigned vcpu_count, memfd_count;
static u64 ring_bytes;
static unsigned char *memory, *nowhere;
static struct kvm_run *run;
static struct dirty_gfn *ring;

static const char *name_of(int error) {
  switch (error) {
  case 0: return "0";
  case EPERM: return "EPERM";
  case ENOENT: return "ENOENT";
  case EINTR: return "EINTR";
  case EIO: return "EIO";
  case ENXIO: return "ENXIO";
  case E2BIG: return "E2BIG";
  case EBADF: return "EBADF";
  case EAGAIN: return "EAGAIN";
  case ENOMEM: return "ENOMEM";
  case EFAULT: return "EFAULT";
  case EBUSY: return "EBUSY";
  case EEXIST: return "EEXIST";
  case EINVAL: return "EINVAL";
  case ENOSPC: return "ENOSPC";
  case ENOTTY: return "ENOTTY";
  case EOPNOTSUPP: return "EOPNOTSUPP";
  default: return "other";
  }
}

static const char *answered(long answer) { return name_of(answer < 0 ? errno : 0); }
static u64 number(const char *text) { return strtoull(text, NULL, 16); }

static u64 user_address(const char *text) {
  if (strncmp(text, "mem+", 4) == 0) return (u64)(unsigned long)memory + number(text + 4);
  if (strncmp(text, "void+", 5) == 0) return (u64)(unsigned long)nowhere + number(text + 5);
  return number(text);
}

static void begin(u64 type) {
  if (run) munmap(run, 3 * 4096);
  if (ring) munmap(ring, ring_bytes);
  for (unsigned i = 0; i < vcpu_count; i++) close(vcpus[i]);
  for (unsigned i = 0; i < memfd_count; i++) close(memfds[i]);
  if (vm >= 0) close(vm);
  run = NULL, ring = NULL, vcpu_count = 0, memfd_count = 0, ring_bytes = 0;
  mprotect(memory, memory_bytes, PROT_READ | PROT_WRITE);
  memset(memory, 0, memory_bytes);
  vm = ioctl(kvm, KVM_CREATE_VM, type);
}

static long make_vcpu(void) {
  long made = ioctl(vm, KVM_CREATE_VCPU, vcpu_count);
  if (made < 0) return made;
  vcpus[vcpu_count++] = made;
  if (vcpu_count > 1) return 0;
  run = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
  if (ring_bytes)
    ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made, ring_page * 4096);
  struct kvm_sregs sregs;
  ioctl(made, KVM_GET_SREGS, &sregs);
  sregs.cs.base = 0, sregs.cs.selector = 0;
  ioctl(made, KVM_SET_SREGS, &sregs);
  struct kvm_regs regs = {.rip = 0x1000, .rsp = 0x8000, .rflags = 2};
  ioctl(made, KVM_SET_REGS, &regs);
  return 0;
}

static void print_words(const u64 *words, unsigned count) {
  for (unsigned i = 0; i < count; i++) printf(" %llx", words[i]);
}

static void get_log(char **words) {
  static u64 bitmap[64];
  struct kvm_dirty_log log = {.slot = number(words[1])};
  int fault = strcmp(words[2], "fault") == 0;
  memset(bitmap, 0xee, sizeof bitmap);
  log.dirty_bitmap = fault ? (void *)16 : bitmap;
  long answer = ioctl(vm, KVM_GET_DIRTY_LOG, &log);
  printf("log %s", answered(answer));
  if (answer >= 0 && !fault) print_words(bitmap, number(words[2]));
  printf("\n");
}

static long clear_log(char **words, unsigned count) {
  static u64 bitmap[64];
  struct kvm_clear_dirty_log log = {.slot = number(words[1]), .first_page = number(words[2]), .num_pages = number(words[3])};
  int fault = strcmp(words[4], "fault") == 0;
  for (unsigned i = 4; i < count && !fault; i++) bitmap[i - 4] = number(words[i]);
  log.dirty_bitmap = fault ? (void *)16 : bitmap;
  return ioctl(vm, KVM_CLEAR_DIRTY_LOG, &log);
}

static long map_ring(char **words) {
  int flags = strcmp(words[3], "private") == 0 ? MAP_PRIVATE : MAP_SHARED;
  int how = PROT_READ | (strcmp(words[3], "exec") == 0 ? PROT_EXEC : PROT_WRITE);
  u64 bytes = number(words[2]) * 4096;
  void *at = mmap(NULL, bytes, how, flags, vcpus[0], number(words[1]) * 4096);
  if (at == MAP_FAILED) return -1;
  munmap(at, bytes);
  return 0;
}

static long set_region(char **words, unsigned count) {
  if (count == 6) {
    struct kvm_userspace_memory_region region = {
        .slot = number(words[1]), .flags = number(words[2]), .guest_phys_addr = number(words[3]),
        .memory_size = number(words[4]), .userspace_addr = user_address(words[5])};
    return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
  }
  u32 fd = strcmp(words[6], "none") == 0 ? -1u : strcmp(words[6], "vm") == 0 ? (u32)vm : (u32)memfds[number(words[6])];
  struct region2 region = {.slot = number(words[1]), .flags = number(words[2]), .gpa = number(words[3]),
                           .size = number(words[4]), .user = user_address(words[5]), .memfd = fd, .offset = number(words[7])};
  return ioctl(vm, SET_REGION2, &region);
}

static long enable(u32 cap, u32 flags, u64 value) {
  struct kvm_enable_cap asked = {.cap = cap, .flags = flags, .args = {value}};
  long answer = ioctl(vm, KVM_ENABLE_CAP, &asked);
  if (answer >= 0 && (cap == 192 || cap == 223)) ring_bytes = value;
  return answer;
}

static void print_run(long answer) {
  struct kvm_regs regs = {0};
  const char *error = answered(answer);
  ioctl(vcpus[0], KVM_GET_REGS, &regs);
  printf("run %s reason=%x rip=%llx", error, run->exit_reason, regs.rip);
  if (run->exit_reason == KVM_EXIT_MMIO) {
    printf(" mmio=%llx %s %x", (u64)run->mmio.phys_addr, run->mmio.is_write ? "write" : "read", run->mmio.len);
    for (unsigned i = 0; run->mmio.is_write && i < run->mmio.len; i++) printf(" %x", run->mmio.data[i]);
  }
  if (run->exit_reason == KVM_EXIT_IO) printf(" port=%x %s", run->io.port, run->io.direction ? "out" : "in");
  if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) printf(" suberror=%x", run->internal.suberror);
  if (run->exit_reason == memory_fault) {
    const u64 *fault = (const u64 *)((const char *)run + 32);
    printf(" flags=%llx gpa=%llx size=%llx", fault[0], fault[1], fault[2]);
  }
  printf("\n");
}

static void print_collected(void) {
  struct kvm_coalesced_mmio_ring *page = (void *)((char *)run + 2 * 4096);
  printf("collected first=%x last=%x", page->first, page->last);
  for (u32 i = page->first; i != page->last && i < 170; i = (i + 1) % 170) {
    struct kvm_coalesced_mmio *each = &page->coalesced_mmio[i];
    printf(" %s%llx:%x", each->pio ? "port" : "", (u64)each->phys_addr, each->len);
    for (u32 at = 0; at < each->len && at < 8; at++) printf(":%x", each->data[at]);
  }
  printf("\n");
}

static void fill(char **words, unsigned count, const char *step) {
  if (strcmp(step, "code") == 0)
    for (unsigned i = 1; i < count; i++) memory[0x1000 + i - 1] = number(words[i]);
  else memset(memory + number(words[1]), number(words[2]), number(words[3]));
}

static long protect(char **words) {
  int how = strcmp(words[3], "none") == 0 ? PROT_NONE : strcmp(words[3], "read") == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
  return mprotect(memory + number(words[1]), number(words[2]), how);
}

static long pre_fault(char **words) {
  struct prefault range = {.gpa = number(words[1]), .size = number(words[2]), .flags = number(words[3])};
  long answer = ioctl(vcpus[0], PRE_FAULT, &range);
  printf("prefault %s gpa=%llx size=%llx\n", answered(answer), range.gpa, range.size);
  return answer;
}

/* Steps that print more than whether they failed. */
static int tell(char **words, unsigned count) {
  const char *step = words[0];
  if (strcmp(step, "=") == 0) {
    begin(count > 2 ? number(words[2]) : 0);
    printf("= %s%s\n", words[1], vm < 0 ? " none" : "");
  } else if (strcmp(step, "log") == 0) get_log(words);
  else if (strcmp(step, "ext") == 0) printf("ext %x\n", ioctl(vm, KVM_CHECK_EXTENSION, (long)number(words[1])));
  else if (strcmp(step, "rings") == 0) {
    long answer = ioctl(vm, RESET_RINGS, 0);
    if (answer < 0) printf("rings %s\n", answered(answer));
    else printf("rings 0 reset=%lx\n", answer);
  } else if (strcmp(step, "entry") == 0) {
    struct dirty_gfn *entry = &ring[number(words[1])];
    printf("entry flags=%x slot=%x offset=%llx\n", entry->flags, entry->slot, entry->offset);
  } else if (strcmp(step, "prefault") == 0) pre_fault(words);
  else if (strcmp(step, "getmmupages") == 0) {
    long answer = ioctl(vm, GET_MMU_PAGES, 0);
    if (answer < 0) printf("getmmupages %s\n", answered(answer));
    else printf("getmmupages 0 pages=%lx\n", answer);
  } else if (strcmp(step, "collected") == 0) print_collected();
  else if (strcmp(step, "bytes") == 0) {
    printf("bytes");
    for (u64 i = 0; i < number(words[2]); i++) printf(" %x", memory[number(words[1]) + i]);
    printf("\n");
  } else if (strcmp(step, "run") == 0) print_run(ioctl(vcpus[0], KVM_RUN, 0));
  else return 0;
  return 1;
}

static void play(char **words, unsigned count) {
  const char *step = words[0];
  u64 value = count > 1 ? number(words[1]) : 0;
  long answer = 0;
  if (vm < 0 && strcmp(step, "=") != 0) { printf("%s none\n", step); return; }
  if (tell(words, count)) return;
  struct kvm_coalesced_mmio_zone zone = {0};
  if (count > 3) zone.addr = value, zone.size = number(words[2]), zone.pio = number(words[3]);
  struct attributes attributes = {0};
  if (strcmp(step, "attr") == 0)
    attributes = (struct attributes){value, number(words[2]), number(words[3]), number(words[4])};
  struct kvm_coalesced_mmio_ring *page = run ? (void *)((char *)run + 2 * 4096) : NULL;
  if (strcmp(step, "vcpu") == 0) answer = make_vcpu();
  else if (strcmp(step, "cap") == 0) answer = enable(value, number(words[2]), number(words[3]));
  else if (strcmp(step, "region") == 0 || strcmp(step, "region2") == 0) answer = set_region(words, count);
  else if (strcmp(step, "memfd") == 0) {
    struct memfd asked = {.size = value, .flags = number(words[2])};
    answer = ioctl(vm, CREATE_MEMFD, &asked);
    if (answer >= 0) memfds[memfd_count++] = answer;
  } else if (strcmp(step, "clear") == 0) answer = clear_log(words, count);
  else if (strcmp(step, "mapring") == 0) answer = map_ring(words);
  else if (strcmp(step, "harvest") == 0)
    for (u64 i = 0; i < number(words[2]); i++) ring[value + i].flags = 2;
  else if (strcmp(step, "attr") == 0) answer = ioctl(vm, SET_ATTRIBUTES, &attributes);
  else if (strcmp(step, "mmupages") == 0) answer = ioctl(vm, KVM_SET_NR_MMU_PAGES, value);
  else if (strcmp(step, "tss") == 0) answer = ioctl(vm, KVM_SET_TSS_ADDR, value);
  else if (strcmp(step, "ident") == 0)
    answer = ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, strcmp(words[1], "fault") == 0 ? (void *)16 : (void *)&value);
  else if (strcmp(step, "zone") == 0) answer = ioctl(vm, KVM_REGISTER_COALESCED_MMIO, &zone);
  else if (strcmp(step, "unzone") == 0) answer = ioctl(vm, KVM_UNREGISTER_COALESCED_MMIO, &zone);
  else if (strcmp(step, "first") == 0) page->first = value;
  else if (strcmp(step, "last") == 0) page->last = value;
  else if (strcmp(step, "fill") == 0 || strcmp(step, "code") == 0) fill(words, count, step);
  else if (strcmp(step, "protect") == 0) answer = protect(words);
  else fprintf(stderr, "no step: %s\n", step);
  printf("%s %s\n", step, answered(answer));
}

static void play_all(const char *path) {
  static char line[1 << 14];
  FILE *file = fopen(path, "r");
  if (!file) { perror(path); return; }
  while (fgets(line, sizeof line, file)) {
    char *words[most];
    unsigned count = 0;
    for (char *word = strtok(line, " \n"); word && count < most; word = strtok(NULL, " \n")) words[count++] = word;
    if (count > 0 && words[0][0] != '#') play(words, count);
  }
  fclose(file);
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
  memory = mmap((void *)0x7e0000000000, memory_bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  nowhere = (void *)0x7d0000000000;
  printf("@@BEGIN %s\n", kernel.release);
  for (int i = 1; i < argc && !first; i++) play_all(argv[i]);
  if (first) play_all("/scenarios.txt"), play_all("/guest-scenarios.txt");
  printf("@@END\n");
  if (first) reboot(RB_POWER_OFF);
  return 0;
}
