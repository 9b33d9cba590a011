/**
 * What a firmware leaves in MSRs before it starts a system: strings are fast, memory is write-back by default and in all
 * fixed ranges.
 * For machines that start a kernel without one; give it to `createMsrFile` as `resetValues`.
 */
export const firmwareValues: ReadonlyMap<number, bigint> = new Map<number, bigint>([
  [0x1a0, 0x1801n],
  [0x2ff, 0xc06n],
  ...[0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f].map((index): [number, bigint] => [
    index,
    0x0606_0606_0606_0606n,
  ]),
])
