/*
 * Boots a Linux bzImage by /dev/kvm through the 64-bit boot protocol, with COM1 for a console:
 *
 *   l2-linux KERNEL INITRD [MEGABYTES [COMMAND LINE]]
 *
 * Interrupt controllers and timer are the kernel's; what else there is are COM1, and ACPI tables that say how many
 * processors there are and how the machine is switched off. What is on stdin is kept until the guest listens.
 * Ends with 0 when the guest switches itself off or resets, with 3 at a triple fault, with 1 where something fails.
 */
#include "calls.h"
#include <asm/bootparam.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>

enum {
  boot_params_at = 0x10000, descriptors_at = 0x11000, tables_at = 0x12000, command_line_at = 0x20000,
  low_memory_ends = 0x9fc00, acpi_at = 0xe0000, high_memory = 0x100000, page = 0x1000, megabyte = 1 << 20,
  entry_64 = 0x200, tables_gigabytes = 4,
};
enum { com1 = 0x3f8, com1_line = 4, keyboard = 0x64, reset_port = 0xcf9, pm1_event = 0x600, pm1_control = 0x604 };
enum { power_off = 1 << 13, sci = 9 };

static int kvm, vm, vcpu;
static uint8_t *ram;
static uint64_t ram_bytes;
static struct kvm_run *run;

static uint8_t *file_of(const char *name, uint64_t *bytes) {
  struct stat stat;
  int file = must(name, open(name, O_RDONLY));
  must(name, fstat(file, &stat));
  uint8_t *at = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  must(name, at == MAP_FAILED ? -1 : 0);
  *bytes = stat.st_size;
  return at;
}

static void refuse(const char *name, const char *says) {
  fprintf(stderr, "%s: %s\n", name, says);
  exit(1);
}

/* The kernel where it wants to be, and its header in the boot parameters; answers the address of 64-bit code. */
static uint64_t load_kernel(const char *name) {
  uint64_t bytes;
  const uint8_t *image = file_of(name, &bytes);
  struct boot_params *params = (struct boot_params *)(ram + boot_params_at);
  if (bytes < 0x1000 || memcmp(image + 0x202, "HdrS", 4) != 0) refuse(name, "not a bzImage");
  memcpy(&params->hdr, image + 0x1f1, image[0x201] + 0x202 - 0x1f1);
  uint64_t setup = (params->hdr.setup_sects + 1) * 512, at = params->hdr.pref_address;
  if (params->hdr.version < 0x20c || !(params->hdr.xloadflags & XLF_KERNEL_64)) refuse(name, "has no 64-bit entry");
  if (setup > bytes || at + params->hdr.init_size > ram_bytes) refuse(name, "does not fit into memory");
  memcpy(ram + at, image + setup, bytes - setup);
  return at + entry_64;
}

static void load_initrd(const char *name) {
  uint64_t bytes;
  const uint8_t *image = file_of(name, &bytes);
  struct boot_params *params = (struct boot_params *)(ram + boot_params_at);
  if (bytes > ram_bytes / 2) refuse(name, "does not fit into memory");
  uint64_t at = (ram_bytes - bytes) & -(uint64_t)page;
  memcpy(ram + at, image, bytes);
  params->hdr.ramdisk_image = at;
  params->hdr.ramdisk_size = bytes;
}

static void give_parameters(const char *command_line) {
  struct boot_params *params = (struct boot_params *)(ram + boot_params_at);
  const struct boot_e820_entry low = {0, low_memory_ends, 1}, tables = {acpi_at, 0x2000, 3};
  const struct boot_e820_entry high = {high_memory, ram_bytes - high_memory, 1};
  params->hdr.type_of_loader = 0xff;
  params->hdr.cmd_line_ptr = command_line_at;
  params->acpi_rsdp_addr = acpi_at;
  strncpy((char *)ram + command_line_at, command_line, page - 1);
  params->e820_table[0] = low;
  params->e820_table[1] = tables;
  params->e820_table[2] = high;
  params->e820_entries = 3;
}

/* ACPI: tables one behind another from the root pointer on. */
static uint32_t table_end = acpi_at + 64;

static uint32_t give_table(const char *name, uint8_t revision, const void *body, uint32_t bytes) {
  uint32_t at = table_end, whole = 36 + bytes;
  uint8_t *table = ram + at, sum = 0;
  memcpy(table, name, 4);
  memcpy(table + 4, &whole, 4);
  table[8] = revision;
  memcpy(table + 10, "VMM   L2      ", 14);
  memcpy(table + 36, body, bytes);
  for (uint32_t i = 0; i < whole; i++) sum += table[i];
  table[9] = -sum;
  table_end = (at + whole + 63) & ~63u;
  return at;
}

static void give_acpi(void) {
  /* Name (\_S5, Package () { 5, 5 }) */
  static const uint8_t dsdt[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, 5, 0x0a, 5};
  /* the local APIC and both 8259; processor 0, the I/O APIC, and the timer's line at its third pin */
  static const uint8_t madt[] = {0, 0, 0xe0, 0xfe, 1, 0, 0, 0, 0, 8, 0, 0, 1, 0, 0, 0, 1, 12, 0, 0,
                                 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0};
  uint8_t fadt[244 - 36] = {0}, root[36] = "RSD PTR \0VMM   \2";
  uint32_t dsdt_at = give_table("DSDT", 2, dsdt, sizeof dsdt), madt_at = give_table("APIC", 3, madt, sizeof madt);
  uint32_t events = pm1_event, control = pm1_control;
  memcpy(fadt + 40 - 36, &dsdt_at, 4);
  fadt[46 - 36] = sci;
  memcpy(fadt + 56 - 36, &events, 4);
  memcpy(fadt + 64 - 36, &control, 4);
  fadt[88 - 36] = 4, fadt[89 - 36] = 2;
  fadt[109 - 36] = 0x34; /* no VGA, no ASPM, no clock in CMOS */
  fadt[112 - 36] = 0x31; /* WBINVD, no power button, no sleep button */
  uint64_t tables[2] = {give_table("FACP", 3, fadt, sizeof fadt), madt_at};
  uint64_t list = give_table("XSDT", 1, tables, sizeof tables);
  uint32_t length = sizeof root;
  uint8_t sums[2] = {0};
  memcpy(root + 20, &length, 4);
  memcpy(root + 24, &list, 8);
  for (int i = 0; i < 20; i++) sums[0] += root[i];
  root[8] = -sums[0];
  for (int i = 0; i < 36; i++) sums[1] += root[i];
  root[32] = -sums[1];
  memcpy(ram + acpi_at, root, sizeof root);
}

/* Four gigabytes onto themselves, in pages of 2 MiB. */
static void give_page_tables(void) {
  uint64_t *pml4 = (uint64_t *)(ram + tables_at), *pdpt = pml4 + 512, *directories = pdpt + 512;
  pml4[0] = (tables_at + page) | 3;
  for (uint64_t i = 0; i < tables_gigabytes; i++) pdpt[i] = (tables_at + (2 + i) * page) | 3;
  for (uint64_t i = 0; i < tables_gigabytes * 512; i++) directories[i] = i << 21 | 0x83;
}

static void give_registers(uint64_t entry) {
  uint64_t *gdt = (uint64_t *)(ram + descriptors_at);
  gdt[2] = 0x00af9b000000ffff;
  gdt[3] = 0x00cf93000000ffff;
  struct kvm_sregs sregs;
  CALL(vcpu, KVM_GET_SREGS, &sregs);
  flat_segments(&sregs, 0x10, 0x18, 1);
  sregs.gdt = (struct kvm_dtable){.base = descriptors_at, .limit = 31};
  sregs.cr0 |= 0x80000001, sregs.cr3 = tables_at, sregs.cr4 |= 0x20, sregs.efer |= 0x500;
  CALL(vcpu, KVM_SET_SREGS, &sregs);
  struct kvm_regs regs = {.rip = entry, .rsi = boot_params_at, .rflags = 2};
  CALL(vcpu, KVM_SET_REGS, &regs);
}

/* What KVM supports, for the first processor, with what it leaves to us: that there is a hypervisor, and the timer by TSC. */
static void give_cpuid(void) {
  struct cpuid_table table = supported_cpuid(kvm);
  for (unsigned i = 0; i < table.head.nent; i++) {
    struct kvm_cpuid_entry2 *e = &table.entries[i];
    if (e->function == 1) e->ebx &= 0x00ffffff, e->ecx |= 1u << 31;
    if (e->function == 1 && ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0) e->ecx |= 1 << 24;
    if (e->function == 0xb) e->edx = 0;
  }
  CALL(vcpu, KVM_SET_CPUID2, &table);
}

/* Firmware turns string instructions on; where they are off, Linux on Intel's takes ERMS away but not FSRM, which its memmove does not survive. */
static void give_msrs(void) {
  const uint32_t misc_enable = 0x1a0, fast_strings = 1;
  struct { struct kvm_msrs head; struct kvm_msr_entry entry; } msrs = {
    .head.nmsrs = 1, .entry = {.index = misc_enable, .data = fast_strings},
  };
  if (CALL(vcpu, KVM_SET_MSRS, &msrs) != 1) must("IA32_MISC_ENABLE", -1);
}

static void make(uint64_t megabytes) {
  kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR));
  vm = CALL(kvm, KVM_CREATE_VM, 0);
  uint64_t identity_at = task_state_at - page;
  struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
  CALL(vm, KVM_SET_TSS_ADDR, task_state_at);
  CALL(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_at);
  CALL(vm, KVM_CREATE_IRQCHIP, 0);
  CALL(vm, KVM_CREATE_PIT2, &pit);
  ram_bytes = megabytes * megabyte;
  ram = memory_of(vm, ram_bytes);
  vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
  run = run_of(kvm, vcpu);
  give_cpuid();
  give_msrs();
}

/* A 16550 with one byte of room each way: nothing that is sent ever waits. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t taken;
  uint8_t divisor[2], enabled, control, line, modem, scratch, received;
  int has_received, sent, level;
} uart = {.lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER};

/* The interrupt that is told, by IIR: 4 received, 2 empty, 1 none. */
static uint8_t uart_pending(void) {
  if ((uart.enabled & 1) && uart.has_received) return 4;
  return (uart.enabled & 2) && uart.sent ? 2 : 1;
}

static void uart_update(void) {
  int level = uart_pending() != 1 && (uart.modem & 8) != 0;
  if (level == uart.level) return;
  struct kvm_irq_level told = {.irq = com1_line, .level = level};
  CALL(vm, KVM_IRQ_LINE, &told);
  uart.level = level;
}

static void uart_write(uint16_t at, uint8_t value) {
  int latch = uart.line & 0x80;
  if (at == 0 && !latch) {
    uart.sent = 1;
    if (!(uart.modem & 0x10)) must("stdout", write(1, &value, 1));
  }
  else if (at == 1 && !latch) uart.sent |= ~uart.enabled & value & 2, uart.enabled = value & 15;
  else if (at < 2) uart.divisor[at] = value;
  else if (at == 2) uart.control = value;
  else if (at == 3) uart.line = value;
  else if (at == 4) uart.modem = value;
  else if (at == 7) uart.scratch = value;
  pthread_cond_signal(&uart.taken);
}

static uint8_t uart_read(uint16_t at) {
  uint8_t pending = uart_pending();
  if (at < 2 && (uart.line & 0x80)) return uart.divisor[at];
  switch (at) {
    case 0:
      uart.has_received = 0;
      pthread_cond_signal(&uart.taken);
      return uart.received;
    case 1: return uart.enabled;
    case 2:
      if (pending == 2) uart.sent = 0;
      return pending | (uart.control & 1 ? 0xc0 : 0);
    case 3: return uart.line;
    case 4: return uart.modem;
    case 5: return 0x60 | uart.has_received;
    /* in a loop the outputs are the inputs */
    case 6: return uart.modem & 0x10 ? (uart.modem & 3) << 4 | (uart.modem & 0xc) << 4 : 0xb0;
    default: return uart.scratch;
  }
}

/* Drivers throw away what they find received when they have just turned the line on. */
static void settle(void) {
  pthread_mutex_unlock(&uart.lock);
  usleep(20000);
  pthread_mutex_lock(&uart.lock);
}

static void *keyboard_thread(void *unused) {
  for (uint8_t byte; read(0, &byte, 1) == 1;) {
    pthread_mutex_lock(&uart.lock);
    while (uart.has_received || !(uart.enabled & 1)) {
      int was_on = uart.enabled & 1;
      pthread_cond_wait(&uart.taken, &uart.lock);
      if (!was_on && (uart.enabled & 1)) settle();
    }
    uart.received = byte, uart.has_received = 1;
    uart_update();
    pthread_mutex_unlock(&uart.lock);
  }
  return unused;
}

static void uart_port(uint8_t *data) {
  pthread_mutex_lock(&uart.lock);
  if (run->io.direction == KVM_EXIT_IO_OUT) uart_write(run->io.port - com1, *data);
  else *data = uart_read(run->io.port - com1);
  uart_update();
  pthread_mutex_unlock(&uart.lock);
}

/* The events that ACPI has turned on: none ever happens. */
static uint8_t pm1_enabled[2];

/* Whether the guest goes on. Where nothing is, all lines are high. */
static int port(void) {
  uint8_t *data = (uint8_t *)run + run->io.data_offset;
  uint16_t at = run->io.port, bytes = run->io.size * run->io.count;
  int out = run->io.direction == KVM_EXIT_IO_OUT;
  if (at >= com1 && at < com1 + 8) {
    for (uint32_t i = 0; i < run->io.count; i++) uart_port(data + i * run->io.size);
    return 1;
  }
  if (!out) memset(data, at >= pm1_event && at < pm1_control + 2 ? 0 : 0xff, bytes);
  if (at == pm1_event + 2 && bytes == 2) memcpy(out ? pm1_enabled : data, out ? data : pm1_enabled, 2);
  if (out && at == pm1_control && bytes == 2) return !(((data[1] << 8) | data[0]) & power_off);
  if (out && at == keyboard) return *data != 0xfe;
  return !(out && at == reset_port && (*data & 4));
}

/* Until the guest switches itself off, or falls; answers how the program ends. */
static int go(void) {
  for (;;) {
    if (ioctl(vcpu, KVM_RUN, 0) < 0 && errno != EINTR) must("KVM_RUN", -1);
    switch (run->exit_reason) {
      case KVM_EXIT_IO:
        if (!port()) return 0;
        break;
      case KVM_EXIT_MMIO:
        if (!run->mmio.is_write) memset(run->mmio.data, 0xff, run->mmio.len);
        break;
      case KVM_EXIT_INTR: break;
      case KVM_EXIT_SHUTDOWN:
        fprintf(stderr, "l2-linux: triple fault\n");
        return 3;
      default:
        fprintf(stderr, "l2-linux:");
        print_failed_exit(stderr, run);
        fprintf(stderr, "\n");
        return 1;
    }
  }
}

static struct termios terminal;

static void restore(void) { tcsetattr(0, TCSANOW, &terminal); }

static void raw_terminal(void) {
  if (tcgetattr(0, &terminal) != 0) return;
  struct termios raw = terminal;
  cfmakeraw(&raw);
  tcsetattr(0, TCSANOW, &raw);
  atexit(restore);
}

int main(int count, char **words) {
  if (count < 3) refuse(words[0], "expected KERNEL INITRD [MEGABYTES [COMMAND LINE]]");
  uint64_t megabytes = count > 3 ? strtoul(words[3], NULL, 10) : 128;
  if (megabytes < 32 || megabytes > 3072) refuse(words[3], "expected between 32 and 3072 megabytes");
  make(megabytes);
  uint64_t entry = load_kernel(words[1]);
  load_initrd(words[2]);
  give_parameters(count > 4 ? words[4] : "console=ttyS0 panic=-1");
  give_acpi();
  give_page_tables();
  give_registers(entry);
  raw_terminal();
  pthread_t thread;
  must("pthread_create", -pthread_create(&thread, NULL, keyboard_thread, NULL));
  int status = go();
  exit(status);
}
