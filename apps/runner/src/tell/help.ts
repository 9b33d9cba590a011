/** What `vmm rules --help` and its kin print, by command. */
export const tellHelp = {
  rules: `Usage: vmm rules [--ioctl CALL] [--kvm RELEASE] [--json]
       vmm rules explain ID [--steps] [--kvm RELEASE]
       vmm rules diff RELEASE RELEASE
       vmm rules log ID

What KVM promises its users, call by call, with the releases over which each promise holds, and where that is written.

  --ioctl CALL     only promises about one call, SET_CPUID2 for KVM_SET_CPUID2
  --kvm RELEASE    only promises, or steps, that a release has: 6.1 (the newest 6.1.y), 5.16.3, or 5.14+rfc-page-enc-mask
  --json           as an array of objects
  --steps          with explain: the steps of its calls in the kernel's order, each with the releases that have it there

Examples:
  vmm rules --ioctl SET_CPUID2 --kvm 6.1
  vmm rules explain set-cpuid-immutable-after-run --steps
  vmm rules diff 5.10 6.12

Exit status: 0; 2 for bad input.
`,
  cpuid: `Usage: vmm cpuid FILE
       vmm cpuid diff RELEASE RELEASE [--host HOST]

Says in words what a dump of CPUID says (what cpuid -r prints, struct kvm_cpuid2, or JSON), or what two releases of KVM
support otherwise on a host.

  --host HOST      a host by name (spr, milan, …) or a file with a dump of one; spr unless told

Examples:
  vmm cpuid dump.txt
  vmm cpuid diff 5.10 6.18 --host milan

Exit status: 0; 2 for bad input.
`,
  msr: `Usage: vmm msr NUMBER|NAME

Says what a model-specific register is: its fields, what may be written, and where that is written.

Examples:
  vmm msr 0x10a
  vmm msr IA32_EFER

Exit status: 0; 2 for bad input.
`,
  check: `Usage: vmm check TABLE [--kvm RELEASE] [--host HOST]

Says whether KVM_SET_CPUID2 of a release on a host takes a CPUID table, and what of it is not supported there.

  --kvm RELEASE    6.1 (the newest 6.1.y), 5.16.3, …; the newest known unless told
  --host HOST      a host by name (spr, milan, …) or a file with a dump of one; spr unless told

Examples:
  vmm check table.json --kvm 6.1 --host spr

Exit status: 0; 1 if it is refused, or a bit is not supported; 2 for bad input.
`,
  vmcs: `Usage: vmm vmcs FILE [--kvm RELEASE]

Says whether an entry with a VMCS succeeds, and every sentence of the manual that does not hold; of KVM's own checks with
--kvm. FILE has a VMCS of 4096 bytes as KVM lays it out, or what KVM_GET_NESTED_STATE gives.

  --kvm RELEASE    6.1 (the newest 6.1.y), 5.16.3, …; a processor that has all that the manual has unless told

Examples:
  vmm vmcs region
  vmm vmcs state --kvm 6.1

Exit status: 0; 1 if it fails; 2 for bad input.
`,
} as const
