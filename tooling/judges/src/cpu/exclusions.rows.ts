/**
 * Instructions of a program that are not judged, and why. Source: the instructions' pages in SDM 2.
 */
export const exclusions: Readonly<Record<string, string>> = {
  ...because('leaves the program', ['SYSCALL', 'SYSENTER']),
  ...because('is emulated by the kernel', ['SGDT', 'SIDT', 'SLDT', 'STR', 'SMSW']),
  ...because('depends on what the host enables', ['VMCALL', 'VMMCALL', 'MONITOR', 'MWAIT']),
  ...because('is there in few CPUs, and aborts for reasons of its own', ['XBEGIN', 'XEND', 'XABORT', 'XTEST']),
  ...because('asks a hypervisor for VMX', ['VMXON', 'VMXOFF', 'VMCLEAR', 'VMPTRLD', 'VMPTRST', 'VMREAD', 'VMWRITE', 'VMLAUNCH', 'VMRESUME', 'VMFUNC', 'INVEPT', 'INVVPID']),
}

function because(reason: string, mnemonics: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(mnemonics.map((mnemonic) => [mnemonic, reason]))
}
