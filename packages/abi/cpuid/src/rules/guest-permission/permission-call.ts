/** ARCH_REQ_XCOMP_GUEST_PERM of arch_prctl: a process asks for a component of XCR0 that its guests are to have. */
export interface PermissionCall {
  /** The number of the component. */
  readonly component: bigint
  /** The XCR0 bits that processes may use on this host. */
  readonly supported: bigint
  /** The dynamic XCR0 bits that the process may give its guests. */
  readonly permitted: bigint
  /** A vCPU of the process exists, or existed. */
  readonly locked: boolean
}

/** XTILE_DATA, the only component that is not there for the asking. */
const tileData = 18n

/** XFEATURE_MAX. */
export const knownComponents = 19n

/** A call that nothing speaks against. For witnesses. */
export function aPermissionCall(changes: Partial<PermissionCall> = {}): PermissionCall {
  return { component: tileData, supported: 0x6_00e7n, permitted: 0n, locked: false, ...changes }
}

/** The bits that come with a component. */
export const bitsOf = ({ component }: PermissionCall): bigint => (component === tileData ? 1n << tileData : 0n)
