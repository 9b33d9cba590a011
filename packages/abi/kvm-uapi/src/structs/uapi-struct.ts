import { type FieldShape, type StructCodec, struct } from '@vmm/layout'
import { kernelSource, type Source } from '@vmm/source'

/** Which of the two headers says it: `asm` has what only x86 has, `linux` what every architecture has. */
export type Header = 'asm' | 'linux'

/** Where the headers are in a kernel's sources. */
export const headerPaths: Readonly<Record<Header, string>> = {
  asm: 'arch/x86/include/uapi/asm/kvm.h',
  linux: 'include/uapi/linux/kvm.h',
}

type Fields = Parameters<typeof struct>[0]

/** A struct of the kernel's interface: where its fields are, how it is read and written, and what it is for. */
export interface UapiStruct<F extends Fields = Fields> extends StructCodec<F> {
  /** Its tag in C, without `struct`. */
  readonly name: string
  readonly says: string
  readonly header: Header
  /** The release whose header it was read in. */
  readonly readIn: string
  readonly source: Source
}

/** A struct that has fields, read at run time by whoever does not know which one it is. */
export interface AnyStruct {
  readonly name: string
  readonly says: string
  readonly header: Header
  readonly readIn: string
  readonly source: Source
  readonly size: number
  readonly align: number
  readonly offset: Readonly<Record<string, number>>
  readonly fields: readonly FieldShape[]
}

/** Says a struct: its tag, its header, what it is for, and its fields in memory order. */
export function uapi<const F extends Fields>(
  name: string,
  header: Header,
  says: string,
  fields: F,
  readIn = '6.12',
): UapiStruct<F> {
  const source = kernelSource(headerPaths[header], `struct ${name}`, readIn)
  return { ...struct(fields, name), name, says, header, readIn, source }
}
