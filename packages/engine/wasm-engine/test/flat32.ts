import type { StateField } from '@vmm/x86-registers'
import { nobodyAround, type Surroundings } from '@vmm/x86-semantics'
import { type EmittedCode, Engine, type HotOptions } from '../src/index.ts'

export const codeAt = 0x1000

/** Runs 32-bit code at 1000H to its HLT, so many instructions at a time: without paging, every segment reaches from 0 to the top. */
export function ranFlat32(
  code: Uint8Array,
  {
    hot,
    slice,
    bytes = 0x1_0000,
    emitted,
    fields = {},
    around = () => ({}),
  }: {
    readonly hot: HotOptions | false
    readonly slice: number
    readonly bytes?: number
    readonly emitted?: EmittedCode | undefined
    readonly fields?: Partial<Record<StateField, bigint>>
    /** Who is there, for an engine. */
    readonly around?: (engine: () => Engine) => Partial<Surroundings>
  },
): Engine {
  const ports = { ...nobodyAround, ...around(() => engine) }
  const engine: Engine = new Engine({ slots: [{ address: 0, bytes }], ports, hot, ...(emitted && { emitted }) })
  engine.writePhysical(codeAt, code)
  engine.set('CR0', 0x11n)
  for (const segment of ['CS', 'DS', 'ES', 'SS'] as const) {
    engine.set(`${segment}.limit`, 0xffff_ffffn)
    engine.set(`${segment}.access`, segment === 'CS' ? 0xc09bn : 0xc093n)
  }
  engine.setGpr(4, 0x9000n)
  engine.set('RIP', BigInt(codeAt))
  for (const [name, value] of Object.entries(fields)) engine.set(name as StateField, value)
  engine.modeChanged()
  for (;;) {
    const stop = engine.run(slice)
    if (stop.kind === 'exit') return engine
    if (stop.kind === 'fault') throw new Error(`exception ${stop.vector} at ${engine.get('RIP')}`)
  }
}
