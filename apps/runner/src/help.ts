export const generalHelp = `vmm: boots x86 guests in software

Usage: vmm run [IMAGE] [flags]    boot a guest
       vmm run --help             its flags, examples and exit statuses
       vmm --version              versions of vmm, Node and V8
`

export const runHelp = `Usage: vmm run [IMAGE] [flags]

Boots IMAGE: a Linux bzImage, an ELF kernel with a PVH note, or a multiboot image. Without one, Debian's own cloud
kernel boots to a busybox shell; it is fetched through apt the first time.

  --kernel FILE           the same as IMAGE
  --initrd FILE           initial RAM file system, or module 0 of a multiboot image
  --append TEXT           kernel command line, or the arguments of a multiboot image
  -m, --memory SIZE       guest memory, 512M unless told (16M to 3G)
  --cpu MODEL,+F,-F       max, default, x86-64-v1, x86-64-v2; features by the names of CPUID
  --exec COMMAND          run COMMAND in the guest's shell, print its output, exit with its status
  --console               with --exec: show the guest's console on stderr
  --max-instructions N    stop after N instructions
  --timeout SECONDS       stop after this long
  --clock real|virtual    idle time passes as on a wall clock, or at once
  --reboot                a reset starts the guest again instead of ending the run
  --trace KINDS[=FILE]    print exits, cpuid, msr, pio, mmio, irq or exceptions, as the kernel's tracepoints do
  --report FILE           write counts and times as JSON

On a terminal: Ctrl-A x quits, Ctrl-A h helps, Ctrl-A s shows status. Ctrl-C belongs to the guest.

Examples:
  vmm run
  vmm run --exec 'uname -a'
  vmm run bzImage --initrd initrd.cpio --append 'console=ttyS0 quiet'
  vmm run --cpu x86-64-v2,-AES --memory 1G --exec 'cat /proc/cpuinfo'

Exit status: the command's with --exec; 2n+1 for a debug exit of n; 0 power-off or reset, 2 bad input,
120 triple fault, 122 internal error or a command that never finished, 124 limit reached, 130 and 143 signals.
`
