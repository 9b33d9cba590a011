import { isCanonical } from '@vmm/msr'
import { type Refusal, run } from '@vmm/rule'
import type { VmxOperation } from '../nested/vmx-operation.ts'
import { shapeState } from '../reset.ts'
import { getDebugregs, setDebugregs } from '../state/debugregs.ts'
import { followPrivilege, type StateParts } from '../state/parts.ts'
import { setSegment, setTable } from '../state/segments.ts'
import { setShadow, shadowOf } from '../state/shadow.ts'
import { getSregs, setSregs } from '../state/sregs.ts'
import {
  readSaveArea,
  type SaveAreaForm,
  type SavedProcessor,
  saveAreaAt,
  saveAreaBytes,
  writeSaveArea,
} from './save-area.ts'

const IA32_SMBASE = 0x9e
const CR0 = { PE: 1n, EM: 4n, TS: 8n, PG: 1n << 31n } as const
const CR4_VMXE = 1n << 13n
const LME = 1n << 8n
const LMA = 1n << 10n
const entryPoint = 0x8000n
const dr7AtEntry = 0x400n
const fixedFlags = 2n

/** Enters and leaves system-management mode. Source: arch/x86/kvm/smm.c enter_smm and emulator_leave_smm (Linux 6.12). */
export class SystemManagement {
  readonly #parts: StateParts
  readonly #vmx: VmxOperation

  constructor(parts: StateParts, vmx: VmxOperation) {
    this.#parts = parts
    this.#vmx = vmx
  }

  /** An SMI is taken: the processor is saved, and goes on at SMBASE + 8000H. A refusal: it could not be saved. */
  enter(): Refusal | undefined {
    const { engine, events, promises } = this.#parts
    const smbase = this.#smbase()
    const area = writeSaveArea(this.#form(), this.#saved(smbase))
    this.#vmx.enterSmm()
    this.#change(true)
    const written = engine.writePhysical(smbase + saveAreaAt, area)
    const outcome = run(promises.enterSmm, { written, shadow: 0, ssp: undefined })
    if (outcome.kind === 'refused') return outcome.refusal
    if (events.nmiBlocked) events.state.smmInsideNmi = true
    else events.nmiBlocked = true
    this.#begin(smbase)
    return undefined
  }

  /** RSM: the processor is what was saved. False: that is none, and it shuts down. */
  leave(): boolean {
    const { engine, events } = this.#parts
    const area = engine.physical(this.#smbase() + saveAreaAt)
    if (area === undefined || area.length < saveAreaBytes) return false
    const saved = readSaveArea(this.#form(), area.slice(0, saveAreaBytes))
    if (!events.state.smmInsideNmi) events.nmiBlocked = false
    this.#change(false)
    this.#vmx.leaveSmm()
    const isProcessor = this.#load(saved)
    this.#vmx.leftSmm()
    return isProcessor
  }

  #form(): SaveAreaForm {
    return this.#parts.guest.has('LM') ? 64 : 32
  }

  #smbase(): number {
    return Number((this.#parts.msrs.host('read', IA32_SMBASE, 0n) ?? 0n) & 0xffff_ffffn)
  }

  #change(smm: boolean): void {
    const { engine, events } = this.#parts
    events.state.smm = smm
    events.state.smmInsideNmi = false
    engine.addressSpace = smm ? 'smm' : 'ordinary'
    shapeState(engine, this.#parts.guest)
    // there is no VMX in SMM
    if (smm) engine.set('CR4_ALLOWED', engine.get('CR4_ALLOWED') & ~CR4_VMXE)
  }

  #saved(smbase: number): SavedProcessor {
    const { engine, promises } = this.#parts
    const { es, cs, ss, ds, fs, gs, ldt, tr, gdt, idt, cr0, cr3, cr4, efer } = getSregs(this.#parts)
    const { dr6, dr7 } = getDebugregs(this.#parts)
    const [there, written] = [shadowOf(engine, this.#parts.guest.host), true]
    const { shadow, ssp } = run(promises.enterSmm, {
      written,
      shadow: there,
      ssp: this.#ofStack(engine.get('SSP')),
    }).state
    return {
      gprs: Array.from({ length: 16 }, (_, index) => engine.gpr(index)),
      rip: engine.get('RIP'),
      rflags: engine.rflags(),
      ...{
        cr0,
        cr3,
        cr4,
        dr6,
        dr7,
        smbase,
        shadow,
        efer,
        ssp,
        gdt,
        idt,
        segments: { es, cs, ss, ds, fs, gs, ldt, tr },
      },
    }
  }

  /** Real mode, but for limits of 4 GiB. */
  #begin(smbase: number): void {
    const { engine } = this.#parts
    engine.setRflags(fixedFlags)
    engine.set('RIP', entryPoint)
    engine.set('REPEATING', 0n)
    setShadow(engine, 0, this.#parts.guest.host)
    engine.set('CR0', engine.get('CR0') & ~(CR0.PE | CR0.EM | CR0.TS | CR0.PG))
    engine.set('CR4', 0n)
    engine.set('DR7', dr7AtEntry)
    if (this.#form() === 64) engine.set('IA32_EFER', 0n)
    setTable(this.#parts, 'IDTR', { base: 0n, limit: 0 })
    setSegment(this.#parts, 'CS', { ...flat, selector: (smbase >>> 4) & 0xffff, base: BigInt(smbase) })
    for (const name of ['DS', 'ES', 'FS', 'GS', 'SS'] as const) setSegment(this.#parts, name, flat)
    followPrivilege(this.#parts)
    engine.flushTranslations()
    engine.modeChanged()
  }

  #load({ gprs, rip, rflags, smbase, shadow, dr6, dr7, segments, ...saved }: SavedProcessor): boolean {
    const { engine, events, msrs } = this.#parts
    if (setDebugregs(this.#parts, { ...getDebugregs(this.#parts), dr6, dr7 }) !== undefined) return false
    for (const [index, value] of gprs.entries()) engine.setGpr(index, value)
    engine.set('RIP', rip)
    engine.setRflags(rflags)
    msrs.host('write', IA32_SMBASE, BigInt(smbase))
    const { cr0, cr3, cr4, gdt, idt } = saved
    const now = getSregs(this.#parts)
    const efer = this.#efer(saved.efer ?? now.efer, cr0)
    const { interrupt } = events.state
    const refused = setSregs(this.#parts, { ...now, ...segments, cr0, cr3, cr4, efer, gdt, idt, interrupt_bitmap: [] })
    events.state.interrupt = interrupt
    setShadow(engine, shadow, this.#parts.guest.host)
    return refused === undefined && this.#loadSsp(saved.ssp)
  }

  /** A shadow-stack pointer, of a guest that has shadow stacks. */
  #ofStack(ssp: bigint | undefined): bigint | undefined {
    return this.#parts.guest.has('CET_SS') ? ssp : undefined
  }

  /** False: it is none. Source: arch/x86/kvm/smm.c rsm_load_state_64 (Linux 6.18). */
  #loadSsp(saved: bigint | undefined): boolean {
    const { engine, guest, promises } = this.#parts
    const { ssp } = run(promises.enterSmm, { written: true, shadow: 0, ssp: this.#ofStack(saved) }).state
    if (ssp === undefined) return true
    if ((ssp & 3n) !== 0n || !isCanonical(ssp, guest.has('LA57') ? 57 : 48)) return false
    engine.set('SSP', ssp)
    return true
  }

  /** Long mode is active where it is enabled and there is paging. */
  #efer(efer: bigint, cr0: bigint): bigint {
    const active = (efer & LME) !== 0n && (cr0 & CR0.PG) !== 0n
    return active ? efer | LMA : efer & ~LMA
  }
}

const flat = {
  ...{ selector: 0, base: 0n, limit: 0xffff_ffff, type: 3, dpl: 0, db: 0, s: 1, l: 0, g: 1, avl: 0 },
  ...{ present: 1, unusable: 0 },
} as const
