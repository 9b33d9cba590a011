/**
 * Instructions of a program that are not judged, and why. Source: the instructions' pages in SDM 2.
 */
export const exclusions: Readonly<Record<string, string>> = {
  ...because('leaves the program', ['SYSCALL', 'SYSENTER', 'SYSRET', 'SYSEXIT', 'INT', 'INT3', 'INT1', 'INTO', 'IRET', 'ICEBP']),
  ...because('needs segments that the two do not share', ['CALLF', 'JMPF', 'RETF', 'LAR', 'LSL', 'VERR', 'VERW', 'LSS', 'LFS', 'LGS', 'LDS', 'LES']),
  ...because('tells of the machine, not of the processor', ['CPUID', 'XGETBV', 'RDPID', 'RDTSC', 'RDTSCP', 'RDPMC', 'RDRAND', 'RDSEED']),
  ...because('may or may not ask to write before it reads', ['ARPL']),
  ...because('is emulated by the kernel', ['SGDT', 'SIDT', 'SLDT', 'STR', 'SMSW']),
  ...because('saves more state than the two share', ['XSAVEOPT', 'XSAVEC']),
  ...because('depends on what the host enables', ['RDPKRU', 'WRPKRU', 'XSETBV', 'VMCALL', 'VMMCALL', 'MONITOR', 'MWAIT']),
  ...because('is there in few CPUs, and aborts for reasons of its own', ['XBEGIN', 'XEND', 'XABORT', 'XTEST']),
  ...because('asks a hypervisor for VMX', ['VMXON', 'VMXOFF', 'VMCLEAR', 'VMPTRLD', 'VMPTRST', 'VMREAD', 'VMWRITE', 'VMLAUNCH', 'VMRESUME', 'VMFUNC', 'INVEPT', 'INVVPID']),
}

function because(reason: string, mnemonics: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(mnemonics.map((mnemonic) => [mnemonic, reason]))
}
