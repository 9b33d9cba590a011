import { cr0, cr3, cr4, dr6, dr7, efer, type GprName, gprNames, rflags } from '@vmm/x86-registers'

/** Fields whose bits have names in the manual. */
const figures: Readonly<Record<string, Readonly<Record<string, { readonly low: number; readonly width: number }>>>> = {
  RFLAGS: rflags,
  CR0: cr0,
  CR3: cr3,
  CR4: cr4,
  DR6: dr6,
  DR7: dr7,
  IA32_EFER: efer,
}

/** The manual's name of a bit of a field, `CR0.PE` or `RFLAGS.DF`; undefined where it is only a number. */
export function bitText(key: string, index: number): string | undefined {
  const figure = figures[key]
  if (figure === undefined) return undefined
  const name = Object.keys(figure).find((each) => figure[each]!.low === index && figure[each]!.width === 1)
  return name === undefined ? undefined : `${key}.${name}`
}

const narrow: Readonly<Record<string, readonly [w8: string, w16: string]>> = {
  RAX: ['AL', 'AX'],
  RCX: ['CL', 'CX'],
  RDX: ['DL', 'DX'],
  RBX: ['BL', 'BX'],
  RSP: ['SPL', 'SP'],
  RBP: ['BPL', 'BP'],
  RSI: ['SIL', 'SI'],
  RDI: ['DIL', 'DI'],
}

/** What a general register is called at a width. */
export function gprText(index: number, width: number, highByte: boolean): string {
  const name: GprName = gprNames[index]!
  if (highByte) return `${name[1]}H`
  if (width === 64) return name
  const legacy = narrow[name]
  if (legacy === undefined) return `${name}${width === 32 ? 'D' : width === 16 ? 'W' : 'B'}`
  return width === 32 ? `E${name.slice(1)}` : legacy[width === 16 ? 1 : 0]
}
