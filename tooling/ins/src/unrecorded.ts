const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Instructions that a program on a real CPU cannot be asked about, and why: their cases are written by hand. */
export const unrecorded: ReadonlyMap<string, string> = new Map(
  [
    // instructions                                       reason
    ['SYSCALL SYSENTER SYSRET SYSEXIT', 'it would call the host’s kernel'],
    ['INT INT3 INT1 INTO', 'it ends as the recorder itself ends a case'],
    ['CPUID RDTSC RDTSCP RDRAND RDSEED RDPMC XGETBV RDPID', 'the answer is the host’s'],
    ['SGDT SIDT SLDT STR SMSW', 'Linux answers for the CPU where UMIP refuses'],
    ['RDFSBASE WRFSBASE RDGSBASE WRGSBASE LFS LGS LSS', 'the recorder itself needs its segments'],
    ['IRET RETF CALLF JMPF', 'another code segment'],
    ['FXSAVE FXRSTOR XSAVE XSAVEC XSAVEOPT XSAVES XRSTOR XRSTORS', 'the layout of the image is the CPU’s own'],
    ['VMCALL VMMCALL MONITOR MWAIT PAUSE', 'what a hypervisor makes of it is its own'],
    [
      'VMXON VMXOFF VMCLEAR VMPTRLD VMPTRST VMREAD VMWRITE VMLAUNCH VMRESUME VMFUNC INVEPT INVVPID',
      'a hypervisor is who executes it',
    ],
    ['RCPPS RCPSS RSQRTPS RSQRTSS VRCPPS VRCPSS VRSQRTPS VRSQRTSS', 'approximations differ from CPU to CPU'],
    ['CLWB CLFLUSH CLFLUSHOPT CLDEMOTE XSETBV INVPCID', 'a hypervisor may hide it'],
    [
      'INCSSPD INCSSPQ RDSSPD RDSSPQ SAVEPREVSSP RSTORSSP SETSSBSY CLRSSBSY',
      'shadow stacks are for whom the kernel gives one',
    ],
    ['WRSSD WRSSQ WRUSSD WRUSSQ', 'shadow stacks are for whom the kernel gives one'],
    ['XBEGIN XEND XTEST XABORT', 'few CPUs have them, and fewer abort each time'],
    [
      'VPDPBSSD VPDPBSSDS VPDPBSUD VPDPBSUDS VPDPBUUD VPDPBUUDS VPDPWSUD VPDPWSUDS VPDPWUSD VPDPWUSDS VPDPWUUD VPDPWUUDS',
      'no CPU that was asked has them',
    ],
    ['VPMADD52LUQ VPMADD52HUQ', 'no CPU that was asked has them with a VEX prefix'],
    ['VSHA512RNDS2 VSHA512MSG1 VSHA512MSG2 VSM3RNDS2 VSM3MSG1 VSM3MSG2', 'no CPU that was asked has them'],
    ['MOVDIR64B', 'a register has the address of a whole line: direct-stores.ins asks'],
  ].flatMap(([names, why]) => words(names!).map((name) => [name, why!] as const)),
)
