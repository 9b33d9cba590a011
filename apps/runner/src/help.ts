/** What `vmm --help` prints. */
export const generalHelp = `vmm: boots x86 guests in software

Usage: vmm run [IMAGE] [flags]    boot a guest
       vmm run --help             its flags, examples and exit statuses
       vmm rules                  what KVM promises, call by call and release by release
       vmm cpuid FILE             what a dump of CPUID says; vmm cpuid diff: what releases support otherwise
       vmm msr NUMBER             what a model-specific register is
       vmm check TABLE            whether a release on a host takes a CPUID table
       vmm vmcs FILE              whether an entry with a VMCS succeeds, and what of it is wrong
       vmm --version              versions of vmm, Node and V8

Examples:
  vmm run                         Debian's kernel, to a shell
  vmm run --exec 'uname -a'       one command in it
  vmm run bzImage --initrd initrd.cpio
  vmm rules explain set-cpuid-immutable-after-run

Exit status: that of the guest (see vmm run --help); 0 for help and versions; 2 for bad input, with nothing started;
122 if something fails, such as a disk that is full.
`

/** What `vmm run --help` prints. */
export const runHelp = `Usage: vmm run [IMAGE] [flags]

Boots IMAGE: a Linux bzImage, an ELF kernel with a PVH note, or a multiboot image. Without one, Debian's own cloud
kernel boots to a busybox shell; it is fetched through apt the first time, and where that cannot be, a small guest that
is always there boots instead. VMM_GUEST_KERNEL names another kernel for the default guest.

  --kernel FILE           the same as IMAGE
  --initrd FILE           initial RAM file system, or module 0 of a multiboot image
  --add FILE[=PLACE]      put a file into the guest's root file system, below /root unless told; may be repeated
  --append TEXT           kernel command line, or the arguments of a multiboot image
  -m, --memory SIZE       guest memory, 512M unless told (16M to 3840M)
  --cpu MODEL,+F,-F       default, max, x86-64-v1 to x86-64-v3, or a host by its name: westmere, haswell, skylake-sp,
                          cascade-lake, ice-lake, sapphire-rapids (spr, …); one line on stderr tells what of it nothing
                          here executes. Features by the names of CPUID (default,+VMX), and what VMX can do by those of
                          QEMU: max,-vmx-ept,-vmx-unrestricted-guest
  --cpus N                processors of the guest, 1 unless told (1 to 64); they take turns, always in the same way
  --smp threads           they run at the same time, in real time, in as many threads as an x86 host runs at once;
                          turns: as usual
  --kvm RELEASE           the kernel release whose KVM runs the guest, 6.12.117 unless told (see vmm rules --help)
  --exec COMMAND          run COMMAND in the guest's shell, print its output, exit with its status
  --console               with --exec: show the guest's console, on stderr
  --engine NAME           what runs instructions: hot compiles what runs often, cold interprets, the oracle judges; hot
                          unless told
  --jit-threshold N       with hot: how often a piece of code runs before it is compiled
  --check 1/N             one slice of N is run again by the oracle, and the run ends where they differ
  --max-instructions N    stop after N instructions
  --timeout SECONDS       stop after this long
  --clock real|virtual    idle time passes as on a wall clock, or at once; real at a terminal, virtual elsewhere
  --reboot                a reset starts the guest again instead of ending the run
  --trace KINDS[=FILE]    print exits, cpuid, msr, pio, mmio, irq, exceptions or nested as the kernel's tracepoints do
                          (stderr); exits and entries tell their levels: L0 is KVM, L1 the guest, L2 a guest of its own
  --report FILE           write how the run ended, counts of exits by level and reason, and times, as JSON
  --profile FILE          write where the guest spent its instructions, by name, for speedscope or Perfetto to open
  --stats                 at the end, tell on stderr what time went into: tiers, exits, TLB misses, the hottest code
  -h, --help              this text

At a terminal: Ctrl-A x quits, Ctrl-A h helps, Ctrl-A s shows status, Ctrl-A a sends Ctrl-A; Ctrl-C goes to the guest.
Anything else on stdin is held until the guest reads; at its end Ctrl-D is sent, and the default guest powers off. With
--exec stdin is not read, and Ctrl-C ends the run.

Examples:
  vmm run
  vmm run --exec 'uname -a'
  echo 'cat /proc/cpuinfo' | vmm run
  vmm run bzImage --initrd initrd.cpio --append 'panic=-1 quiet'
  vmm run kernel.elf --append 'arguments' --trace msr,irq=trace.txt --report report.json
  vmm run --cpus 4 --exec 'nproc'
  vmm run --cpus 2 --smp threads --exec 'nproc'
  vmm run --exec 'dd if=/dev/zero bs=1M count=8 | sha256sum' --profile profile.json --stats
  vmm run --kvm 5.10 --exec 'dmesg'
  vmm run --cpu x86-64-v2,+BMI2,-SSE4_2 --memory 1G --exec 'grep flags /proc/cpuinfo'

Exit status:
  0      power-off, a reset, or Ctrl-A x
  2      bad input; nothing was started
  120    the guest shut down: a triple fault
  121    with --check: the engine and the oracle differ
  122    internal error, the guest's kernel panicked, nothing can wake its processors, or output cannot be written
  124    --max-instructions or --timeout was reached
  130    SIGINT (129 SIGHUP, 131 SIGQUIT, 143 SIGTERM)
  2n+1   the guest wrote n to the debug exit port
  With --exec, the command's own: 128 and the signal's number if one ended it; 141 if nobody reads the output.
`
