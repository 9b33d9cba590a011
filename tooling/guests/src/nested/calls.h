/* What both programs need of /dev/kvm: calls that end the program where they fail, and the table of CPUID. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_entries = 256, task_state_at = 0xfffbd000 };

struct cpuid_table { struct kvm_cpuid2 head; struct kvm_cpuid_entry2 entries[most_entries]; };

static inline long must(const char *what, long result) {
  if (result >= 0) return result;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}
#define CALL(file, request, argument) must(#request, ioctl(file, request, argument))

static inline struct cpuid_table supported_cpuid(int kvm) {
  struct cpuid_table table = {.head.nent = most_entries};
  CALL(kvm, KVM_GET_SUPPORTED_CPUID, &table);
  return table;
}

/* Memory of a guest, at its address 0. */
static inline uint8_t *memory_of(int vm, uint64_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  must("mmap", at == MAP_FAILED ? -1 : 0);
  struct kvm_userspace_memory_region slot = {.memory_size = bytes, .userspace_addr = (uintptr_t)at};
  CALL(vm, KVM_SET_USER_MEMORY_REGION, &slot);
  return at;
}

static inline struct kvm_run *run_of(int kvm, int vcpu) {
  void *at = mmap(NULL, CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  must("mmap", at == MAP_FAILED ? -1 : 0);
  return at;
}

/* Flat segments of 4 GiB; `wide` is 64-bit code. */
static inline void flat_segments(struct kvm_sregs *sregs, uint16_t code, uint16_t data, int wide) {
  struct kvm_segment all = {.limit = ~0u, .selector = data, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1};
  sregs->ds = sregs->es = sregs->ss = all;
  all.selector = code, all.type = 11, all.l = wide, all.db = !wide;
  sregs->cs = all;
}

static inline void print_failed_exit(FILE *to, const struct kvm_run *run) {
  fprintf(to, " exit %u", run->exit_reason);
  if (run->exit_reason == KVM_EXIT_FAIL_ENTRY) fprintf(to, " (%llx)", run->fail_entry.hardware_entry_failure_reason);
  if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) fprintf(to, " (%u)", run->internal.suberror);
}
