/*
 * Does what a list of system calls says, on the real /dev/kvm, and prints every answer with the bytes that were written
 * back. It knows nothing of KVM's structs: whoever writes the list does, and reads what is printed (play.ts, answers.ts).
 * As the first program of a machine it loads /m0.ko to /m8.ko, plays /script and switches the machine off.
 *
 * A line is a command; numbers are hexadecimal, a file is the number of a place, and what is printed is one line.
 * S NAME                    everything is closed and unmapped: what follows is another scenario
 * O FILE                    opens /dev/kvm there
 * M AT LENGTH               maps memory; U AT LENGTH takes it away
 * W AT BYTES                writes bytes
 * C NEW FILE REQUEST ARGUMENT AT LENGTH   a call, and then what is at AT; the file that it makes goes to NEW, - for none
 * N FILE REQUEST ARGUMENT                 the same call made by another process
 * R FILE AT                 KVM_RUN, and what is in kvm_run at AT; T begins it in another thread, J FILE AT awaits that
 * P AT LENGTH               what is in memory
 * A FILE OFFSET LENGTH AT HOW   maps a file at AT: shared, private or exec; Q AT LENGTH HOW protects: none, read or all
 * X FILE, D NEW FILE        closes a file, duplicates one
 * E NEW, V FILE VALUE, I FILE LENGTH      makes an eventfd, writes to it, reads from a file
 * L FILE                    what poll says of a file
 * B SIGNAL, K SIGNAL, G     blocks a signal, sends it to this thread, prints the signals that wait
 * Z MILLISECONDS            waits
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { first_file = 100, most_files = 64, most_maps = 256, run_bytes = 0x900, seconds_of_a_run = 3 };

typedef unsigned long u64;
struct map { u64 at, length; };
struct runner { pthread_t thread; int file; long answer; int begun; };

static int files[most_files];
static struct map maps[most_maps];
static unsigned mapped;
static struct runner runners[most_files];
static sigset_t blocked;

static char *next_word(char **line) {
  char *word = strsep(line, " \n");
  return word ? word : "";
}
static u64 number(char **line) { return strtoul(next_word(line), NULL, 16); }

static int place_of(char **line) { return number(line) % most_files; }
static int file_of(char **line) { return files[place_of(line)]; }

static long answer_of(long result) { return result < 0 ? -errno : result; }

/* Bytes as hexadecimal digits; (N) is as many zeros. */
static void print_bytes(const unsigned char *bytes, u64 length) {
  for (u64 i = 0; i < length;) {
    u64 zeros = 0;
    while (i + zeros < length && bytes[i + zeros] == 0) zeros++;
    if (zeros > 4) printf("(%lx)", zeros), i += zeros;
    else printf("%02x", bytes[i++]);
  }
}

static int digit(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

static void write_bytes(unsigned char *at, const char *text) {
  while (*text) {
    if (*text == '(') {
      char *end;
      u64 zeros = strtoul(text + 1, &end, 16);
      memset(at, 0, zeros);
      at += zeros, text = end + 1;
    } else {
      *at++ = digit(text[0]) << 4 | digit(text[1]);
      text += 2;
    }
  }
}

static void map_at(u64 at, u64 length, int file, u64 offset, const char *how) {
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : *how == 'p' ? MAP_PRIVATE : MAP_SHARED;
  int access = PROT_READ | (*how == 'e' ? PROT_EXEC : PROT_WRITE);
  void *got = mmap((void *)at, length, access, flags | MAP_FIXED_NOREPLACE, file, offset);
  printf("%d\n", got == MAP_FAILED ? -errno : 0);
  if (got != MAP_FAILED && mapped < most_maps) maps[mapped++] = (struct map){at, length};
}

static void unmap(u64 at, u64 length) {
  printf("%ld\n", answer_of(munmap((void *)at, length)));
  for (unsigned i = 0; i < mapped; i++)
    if (maps[i].at == at) maps[i] = maps[--mapped];
}

static int is_mapped(u64 at) {
  for (unsigned i = 0; i < mapped; i++)
    if (at >= maps[i].at && at - maps[i].at < maps[i].length) return 1;
  return 0;
}

static void protect(u64 at, u64 length, const char *how) {
  int access = *how == 'n' ? PROT_NONE : *how == 'r' ? PROT_READ : PROT_READ | PROT_WRITE;
  printf("%ld\n", answer_of(mprotect((void *)at, length, access)));
}

static void forget(void) {
  for (int i = most_files - 1; i >= 0; i--) {
    if (runners[i].begun) pthread_kill(runners[i].thread, SIGALRM), pthread_join(runners[i].thread, NULL);
    runners[i].begun = 0;
  }
  for (int i = most_files - 1; i >= 0; i--) {
    if (files[i] >= 0) close(files[i]);
    files[i] = -1;
  }
  while (mapped > 0) mapped--, munmap((void *)maps[mapped].at, maps[mapped].length);
  struct timespec none = {0, 0};
  while (sigtimedwait(&blocked, NULL, &none) > 0) {}
  pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
  sigemptyset(&blocked);
}

/* A file's number is that of its place and some: whoever writes the list knows it. */
static void keep(int place, int file) {
  if (files[place] >= 0) close(files[place]);
  files[place] = file < 0 ? -1 : dup3(file, first_file + place, O_CLOEXEC);
  if (file >= 0) close(file);
}

static void call(char **line) {
  char *into = next_word(line);
  int file = file_of(line);
  u64 request = number(line), argument = number(line), at = number(line), length = number(line);
  long answer = answer_of(ioctl(file, request, argument));
  if (answer >= 0 && *into != '-') keep(strtoul(into, NULL, 16) % most_files, answer), answer = 0;
  printf("%ld ", answer);
  if (length) print_bytes((void *)at, length);
  printf("\n");
}

static void call_by_another(char **line) {
  int file = file_of(line), status = 0;
  u64 request = number(line), argument = number(line);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(ioctl(file, request, argument) < 0 ? errno : 0);
  waitpid(child, &status, 0);
  printf("%d\n", -WEXITSTATUS(status));
}

/* What a run came to: its answer, the shared page if there is one, and the data of a port access. */
static void tell_run(long answer, u64 at) {
  const unsigned char *page = is_mapped(at) ? (const void *)at : NULL;
  const struct kvm_run *run = (const void *)page;
  printf("%ld ", answer);
  if (page) print_bytes(page, run_bytes);
  if (page && run->exit_reason == KVM_EXIT_IO && run->io.size * run->io.count <= 0x1000) {
    printf(" ");
    print_bytes(page + run->io.data_offset, run->io.size * run->io.count);
  }
  printf("\n");
}

static void run(int file, u64 at) {
  struct itimerval limit = {.it_value = {.tv_sec = seconds_of_a_run}}, off;
  memset(&off, 0, sizeof off);
  setitimer(ITIMER_REAL, &limit, NULL);
  long answer = answer_of(ioctl(file, KVM_RUN, 0));
  setitimer(ITIMER_REAL, &off, NULL);
  tell_run(answer, at);
}

static void *run_beside(void *given) {
  struct runner *runner = given;
  runner->answer = answer_of(ioctl(runner->file, KVM_RUN, 0));
  return NULL;
}

static void begin_run(int place) {
  runners[place].file = files[place];
  runners[place].begun = pthread_create(&runners[place].thread, NULL, run_beside, &runners[place]) == 0;
  usleep(200000);
  printf("0\n");
}

static void await_run(int place, u64 at) {
  struct runner *runner = &runners[place];
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += seconds_of_a_run;
  if (runner->begun && pthread_timedjoin_np(runner->thread, NULL, &limit)) {
    pthread_kill(runner->thread, SIGALRM);
    pthread_join(runner->thread, NULL);
  }
  runner->begun = 0;
  tell_run(runner->answer, at);
}

static void read_file(int file, u64 length) {
  static unsigned char bytes[0x10000];
  long got = answer_of(read(file, bytes, length < sizeof bytes ? length : sizeof bytes));
  printf("%ld ", got);
  if (got > 0) print_bytes(bytes, got);
  printf("\n");
}

static void tell_signals(void) {
  sigset_t waiting;
  sigpending(&waiting);
  for (int signal = 1; signal < 32; signal++)
    if (sigismember(&waiting, signal)) printf("%d ", signal);
  printf("\n");
}

static void print_result(long result) { printf("%ld\n", answer_of(result)); }

static void do_files(char command, char **line) {
  int into = place_of(line);
  u64 value;
  switch (command) {
  case 'O': keep(into, open("/dev/kvm", O_RDWR | O_CLOEXEC)); print_result(files[into] < 0 ? -1 : 0); break;
  case 'X': print_result(close(files[into])); files[into] = -1; break;
  case 'D': keep(into, dup(file_of(line))); print_result(files[into] < 0 ? -1 : 0); break;
  case 'E': keep(into, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); print_result(files[into] < 0 ? -1 : 0); break;
  case 'V': value = number(line); print_result(write(files[into], &value, 8)); break;
  case 'I': read_file(files[into], number(line)); break;
  case 'R': run(files[into], number(line)); break;
  case 'T': begin_run(into); break;
  case 'J': await_run(into, number(line)); break;
  case 'L': {
    struct pollfd asked = {.fd = files[into], .events = POLLIN | POLLOUT | POLLPRI};
    poll(&asked, 1, 0);
    printf("%d\n", asked.revents);
  }
  }
}

static sigjmp_buf out_of_reach;

static void on_fault(int signal) { siglongjmp(out_of_reach, signal); }

/* Memory that was mapped may have nothing behind it: then there is nothing to see, and a write fails. */
static void reach_memory(char command, u64 at, char **line) {
  struct sigaction act = {.sa_handler = on_fault, .sa_flags = SA_NODEFER}, before_segv, before_bus;
  sigaction(SIGSEGV, &act, &before_segv), sigaction(SIGBUS, &act, &before_bus);
  if (sigsetjmp(out_of_reach, 1) != 0) printf(command == 'W' ? "%d\n" : "\n", -EFAULT);
  else if (command == 'W') write_bytes((void *)at, next_word(line)), printf("0\n");
  else {
    u64 length = number(line);
    for (u64 i = 0; i < length; i++) (void)*(volatile unsigned char *)(at + i);
    print_bytes((void *)at, length), printf("\n");
  }
  sigaction(SIGSEGV, &before_segv, NULL), sigaction(SIGBUS, &before_bus, NULL);
}

static void do_memory(char command, char **line) {
  u64 at = number(line);
  if (command == 'M') map_at(at, number(line), -1, 0, "");
  else if (command == 'Q') {
    u64 length = number(line);
    protect(at, length, next_word(line));
  } else if (command == 'U') unmap(at, number(line));
  else reach_memory(command, at, line);
}

static void do_signals(char command, char **line) {
  if (command == 'G') { tell_signals(); return; }
  if (command == 'Z') { usleep(1000 * number(line)); printf("0\n"); return; }
  int signal = number(line);
  if (command == 'K') { print_result(syscall(SYS_tgkill, getpid(), gettid(), signal)); return; }
  sigaddset(&blocked, signal);
  print_result(pthread_sigmask(SIG_BLOCK, &blocked, NULL));
}

static void play(char *line) {
  char command = *next_word(&line);
  if (command == 'S') { forget(); printf("= %s", line); }
  else if (command == 'C') call(&line);
  else if (command == 'N') call_by_another(&line);
  else if (strchr("MUWPQ", command)) do_memory(command, &line);
  else if (strchr("BKGZ", command)) do_signals(command, &line);
  else if (command == 'A') {
    int file = file_of(&line);
    u64 offset = number(&line), length = number(&line);
    u64 at = number(&line);
    if (file < 0) printf("%d\n", -EBADF);
    else map_at(at, length, file, offset, next_word(&line));
  } else do_files(command, &line);
}

static void tell_leaf(uint32_t leaf, uint32_t index) {
  uint32_t a, b, c, d;
  __cpuid_count(leaf, index, a, b, c, d);
  if (index && !(a | b | c | d)) return;
  printf("cpuid 0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n", leaf, index, a, b, c, d);
}

/* Of the first processor: each has leaves that tell its own number. */
static void tell_cpuid(void) {
  cpu_set_t all, first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  int pinned = sched_getaffinity(0, sizeof all, &all) == 0 && sched_setaffinity(0, sizeof first, &first) == 0;
  for (int range = 0; range < 2; range++) {
    uint32_t first = range ? 0x80000000 : 0, last, b, c, d;
    __cpuid(first, last, b, c, d);
    for (uint32_t leaf = first; leaf <= last && leaf <= first + 0x40; leaf++) {
      int indexed = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd || leaf == 0x14 || leaf == 0x1f ||
                    leaf == 0x8000001d || leaf == 0x80000026;
      for (uint32_t index = 0; index < (indexed ? 32 : 1); index++) tell_leaf(leaf, index);
    }
  }
  if (pinned) sched_setaffinity(0, sizeof all, &all);
}

static void tell_parameters(void) {
  static const char *const modules[] = {"kvm", "kvm_intel", "kvm_amd", "kvm_pvm"};
  for (unsigned i = 0; i < sizeof modules / sizeof *modules; i++) {
    char path[512], value[64];
    snprintf(path, sizeof path, "/sys/module/%s/parameters", modules[i]);
    DIR *directory = opendir(path);
    if (directory || access("/sys/module/kvm", F_OK) == 0) {
      snprintf(path, sizeof path, "/sys/module/%s", modules[i]);
      if (access(path, F_OK) == 0) printf("module %s\n", modules[i]);
    }
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
      snprintf(path, sizeof path, "/sys/module/%s/parameters/%s", modules[i], entry->d_name);
      FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
      if (file && fgets(value, sizeof value, file)) printf("parameter %s.%s %s", modules[i], entry->d_name, value);
      if (file) fclose(file);
    }
    if (directory) closedir(directory);
  }
}

/* What the kernel knows of the machine that is in no CPUID: whether VMX or SVM scales the TSC is for KVM to say. */
static void tell_host(void) {
  char control[32] = "";
  FILE *file = fopen("/sys/devices/system/cpu/smt/control", "re");
  if (file && !fgets(control, sizeof control, file)) control[0] = 0;
  if (file) fclose(file);
  printf("parameter host.processors %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
  printf("parameter host.smt %d\n", !strncmp(control, "on", 2) || !strcmp(control, "off\n"));
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm >= 0) printf("parameter host.tsc_scaling %d\n", ioctl(kvm, 0xae03, 60L)), close(kvm);
}

static void tell_cpuinfo(void) {
  char line[8192];
  FILE *file = fopen("/proc/cpuinfo", "re");
  while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
    char *value = strchr(line, ':');
    if (value && (!strncmp(line, "flags", 5) || !strncmp(line, "bugs", 4) || !strncmp(line, "model name", 10)))
      printf("cpuinfo %.5s%s", line, value);
  }
  if (file) fclose(file);
}

static void be_first_program(void) {
  mkdir("/dev", 0755), mkdir("/sys", 0755), mkdir("/proc", 0755);
  mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  mount("sysfs", "/sys", "sysfs", 0, "");
  mount("proc", "/proc", "proc", 0, "");
  int console = open("/dev/console", O_RDWR);
  dup2(console, 0), dup2(console, 1), dup2(console, 2);
  struct termios raw;
  tcgetattr(1, &raw);
  cfmakeraw(&raw);
  tcsetattr(1, TCSANOW, &raw);
  for (int i = 0; i < 9; i++) {
    char path[16];
    snprintf(path, sizeof path, "/m%d.ko", i);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && syscall(SYS_finit_module, file, "", 0)) printf("note %s %d\n", path, errno);
  }
}

static void on_alarm(int signal) { (void)signal; }

int main(int count, char **words) {
  int first = getpid() == 1;
  if (first) be_first_program();
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, NULL), sigaction(SIGUSR1, &act, NULL), sigaction(SIGUSR2, &act, NULL);
  for (int i = 0; i < most_files; i++) files[i] = -1;
  struct utsname name;
  uname(&name);
  printf("begin %s\n", name.release);
  tell_parameters(), tell_host(), tell_cpuinfo(), tell_cpuid();
  FILE *script = fopen(count > 1 && !first ? words[1] : "/script", "re");
  char *line = NULL;
  size_t room = 0;
  while (script && getline(&line, &room, script) > 0) play(line), fflush(stdout);
  forget();
  printf("end\n");
  fflush(stdout);
  tcdrain(1);
  if (first) sleep(1), reboot(RB_POWER_OFF);
  return 0;
}
