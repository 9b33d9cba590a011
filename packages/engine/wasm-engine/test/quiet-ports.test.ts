import { nobody } from '@vmm/vcpu'
import { al, cr4, dx, eax, mem8, si } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { alone } from './alone.ts'

const [quiet, loud] = [0x80, 0x81] as const
const rounds = 50

/** A machine that hears one of two ports, and says of the other that it is not heard while it is. */
function listening() {
  const heard: number[] = []
  const it = { ignores: true, asked: 0 }
  const machine = {
    ...nobody(() => 0),
    ignoresPort: (port: number) => port === quiet && it.ignores,
    portOut: (port: number) => {
      it.asked += 1
      if (port === loud) heard.push(port)
      return true
    },
  }
  return { it, machine, heard }
}

describe('a port that nobody hears', () => {
  test('is asked about once, and each write of it is counted', () => {
    const { it, machine } = listening()
    const exits: string[] = []
    const onExit = (reason: string, count: number) => void exits.push(...Array.from({ length: count }, () => reason))
    const { vcpu, run } = alone((a) => a.mov(si, rounds).label('again').out(quiet, al).dec(si).jne('again').hlt(), {
      machine,
      onExit,
    })
    expect(run().kind).toBe('hlt')
    expect({ asked: it.asked, io: vcpu.tally.io }).toEqual({ asked: 1, io: rounds })
    expect(exits.filter((reason) => reason === 'IO_INSTRUCTION')).toHaveLength(rounds)
  })

  test('is asked about anew behind a write to one that somebody does', () => {
    const { it, machine, heard } = listening()
    const { run } = alone(
      (a) => a.mov(si, rounds).label('again').out(quiet, al).out(loud, al).out(quiet, al).dec(si).jne('again').hlt(),
      { machine },
    )
    run()
    expect([it.asked, heard.length]).toEqual([2 * rounds + 1, rounds])
  })

  test('is asked about anew when user space has run', () => {
    const { it, machine } = listening()
    const { vcpu, run } = alone((a) => a.out(quiet, al).hlt().out(quiet, al).hlt(), { machine })
    run()
    it.ignores = false
    vcpu.state.setMpState({ mp_state: 0 })
    run()
    expect(it.asked).toBe(2)
  })

  test('is told of where words are written', () => {
    const { it, machine } = listening()
    const { run } = alone((a) => a.out(quiet, al).out(quiet, eax).out(quiet, eax).mov(dx, quiet).outsb().hlt(), {
      machine,
    })
    run()
    expect(it.asked).toBe(4)
  })

  test('is watched where a breakpoint is on it', () => {
    const { machine } = listening()
    const { vcpu, engine, run } = alone(
      (a) => a.out(quiet, al).mov(eax, 8).mov(cr4, eax).out(quiet, al).inc(mem8(0x500)).hlt(),
      { machine },
    )
    const debug = vcpu.state.getDebugregs()
    // DR0 is a port, of one byte
    vcpu.state.setDebugregs({ ...debug, db: [BigInt(quiet), 0n, 0n, 0n], dr7: 0x0002_0001n })
    engine.writePhysical(4, Uint8Array.of(0, 0x30, 0, 0))
    engine.writePhysical(0x3000, Uint8Array.of(0xf4))
    run()
    expect([engine.get('RIP'), engine.get('DR6') & 0xfn]).toEqual([0x3001n, 1n])
  })
})
