import { secondaryControls, vmcsPlaceOf } from '@vmm/nested-vmx'
import { type Assembler, eax, ebx, ecx, mem32, rbx, rcx } from '@vmm/x86-assembler'
import type { CheckBuilder, Kernel } from '../kernel/kernel.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { enterVmx, pointer, takeVmcs, vmread, vmwrite } from '../vmx/hypervisor.ts'
import { vmx } from '../vmx/instructions.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => unknown
type After = NonNullable<Scene['after']>

const isShadow = 0x8000_0000
const linked: Field = 'GUEST_ES_SELECTOR'
const reads = BigInt(vmxPlace.ioBitmapA)
const writes = BigInt(vmxPlace.ioBitmapB)
const lent: Fields = [
  ['VMCS_LINK_POINTER', BigInt(vmxPlace.otherVmcs)],
  ['VMREAD_BITMAP', reads],
  ['VMWRITE_BITMAP', writes],
]

/** A shadow VMCS with a field in it; the current one is as it was. */
const lend: Code = (a) => {
  takeVmcs(a, vmxPlace.otherVmcs)
  vmwrite(a.mov(ebx, 0x5678), linked)
  vmx(pointer(a, vmxPlace.otherVmcs), 'vmclear').or(mem32(vmxPlace.otherVmcs), isShadow)
  vmx(pointer(a, vmxPlace.vmcs), 'vmptrld')
}

/** Sets the bit of a field in a bitmap. */
const marked =
  (bitmap: bigint, encoding: number): Code =>
  (a) =>
    a.or(mem32(Number(bitmap) + (encoding >> 5) * 4), (1 << (encoding & 31)) >>> 0)

const encodingOf = (field: Field): number => vmcsPlaceOf(field).encoding

/** What L1 finds in the shadow VMCS. */
const inShadow =
  (field: Field): After =>
  (a, c) => {
    vmread(vmx(pointer(a, vmxPlace.otherVmcs), 'vmptrld'), field)
    c.value(rbx)
    vmx(pointer(a, vmxPlace.otherVmcs), 'vmclear')
    vmx(pointer(a, vmxPlace.vmcs), 'vmptrld')
  }

/** RBX, and what a VMREAD or VMWRITE says of itself. */
const said: After = (_, c) => {
  c.value(rbx)
  c.value(rcx)
}
const flags: Code = (a) => a.pushfq().pop(rcx).and(ecx, 0x41)

/** VMREAD and VMWRITE of a guest. Source: SDM 3C 25.10, 31.3. */
function inGuest(k: VmxKernelBuilder): void {
  const with_ = (name: string, expected: string, code: Code, scene: Scene = {}) =>
    k.check(name, expected, {
      controls: { secondary: secondaryControls.VMCS_SHADOWING },
      ...scene,
      fields: [...lent, ...(scene.fields ?? [])],
      before: (a) => {
        lend(a)
        scene.before?.(a)
      },
      code,
    })
  const read: Code = (a) => flags(vmread(a.xor(ebx, ebx), linked))
  const write: Code = (a) => flags(vmwrite(a.mov(ebx, 0x1234), linked))
  with_('VMREAD of a field whose bit is clear', '5678 0 12 0', read, { after: said })
  with_('VMREAD of a field whose bit is set', '17 0', read, { before: marked(reads, encodingOf(linked)) })
  with_('VMREAD does not look at the bits of VMWRITE', '5678 0 12 0', read, {
    before: marked(writes, encodingOf(linked)),
    after: said,
  })
  with_('VMWRITE of a field whose bit is clear', '1234 12 0', write, { after: inShadow(linked) })
  with_('VMWRITE of a field whose bit is set', '19 0', write, { before: marked(writes, encodingOf(linked)) })
  with_('a VMWRITE that leaves has written nothing', '5678 19 0', write, {
    before: marked(writes, encodingOf(linked)),
    after: inShadow(linked),
  })
  with_('VMREAD without shadowing', '17 0', read, { controls: {}, fields: [['VMCS_LINK_POINTER', noLink]] })
  with_('VMREAD of an encoding above 15 bits', '17 0', (a) => vmx(a.mov(eax, 0x8800), 'vmread'))
  with_('VMWRITE of an encoding above 15 bits', '19 0', (a) => vmx(a.mov(eax, 0x8800), 'vmwrite'))
  const unknown: Code = (a) => flags(vmx(a.xor(ebx, ebx).mov(eax, 0x7ffe), 'vmread'))
  with_('VMREAD of a field that there is not', '40 12 c', unknown, {
    after: (_, c) => c.value(rcx),
    show: ['VM_INSTRUCTION_ERROR'],
  })
  with_('VMREAD with nothing linked', '1 12 0', read, {
    fields: [['VMCS_LINK_POINTER', noLink]],
    after: (_, c) => c.value(rcx),
  })
  with_('VMWRITE with nothing linked', '1 12 0', write, {
    fields: [['VMCS_LINK_POINTER', noLink]],
    after: (_, c) => c.value(rcx),
  })
  with_('VMCLEAR is an exit all the same', '13 0', (a) => vmx(a.mov(eax, vmxPlace.pointer), 'vmclear'))
}

const noLink = 0xffff_ffff_ffff_ffffn

/** Which VMCSs may be what. Source: SDM 3C 25.10, 27.1, 27.3.1.5, 31.3. */
function regions(k: VmxKernelBuilder): void {
  const entry = (name: string, expected: string, secondary: bigint, before: Code) =>
    k.check(name, expected, { controls: { secondary }, fields: lent, before })
  const { VMCS_SHADOWING } = secondaryControls
  const plain: Code = (a) => {
    lend(a)
    a.and(mem32(vmxPlace.otherVmcs), 0x7fff_ffff)
  }
  entry('a shadow VMCS that is linked where VMCSs are shadowed', '12 0', VMCS_SHADOWING, lend)
  entry('an ordinary VMCS that is linked where VMCSs are shadowed', '80000021 4', VMCS_SHADOWING, plain)
  entry('a shadow VMCS that is linked where none is shadowed', '80000021 4', 0n, lend)
  entry('an ordinary VMCS that is linked where none is shadowed', '12 0', 0n, plain)
  const said = (a: Assembler, c: CheckBuilder): void => {
    flags(a)
    c.value(rcx)
  }
  const instruction = (name: string, expected: string, body: (a: Assembler) => Assembler) =>
    k.kernel.check(name, expected, (a, c) => said(body(a), c))
  const shadow = (a: Assembler): Assembler => {
    lend(takeVmcs(enterVmx(a)))
    return vmx(pointer(a, vmxPlace.otherVmcs), 'vmptrld')
  }
  instruction('VMPTRLD of a shadow VMCS', 'ok 0', shadow)
  instruction('VMREAD of a shadow VMCS that is current', 'ok 0', (a) => vmread(shadow(a), linked))
  instruction('VMLAUNCH of a shadow VMCS', 'ok 1', (a) => vmx(shadow(a), 'vmlaunch'))
  instruction('VMRESUME of a shadow VMCS', 'ok 1', (a) => vmx(shadow(a), 'vmresume'))
  instruction('VMCLEAR of a shadow VMCS', 'ok 0', (a) => vmx(pointer(shadow(a), vmxPlace.otherVmcs), 'vmclear'))
  instruction('VMXON of a region that is marked as a shadow', 'ok 1', (a) => {
    enterVmx(a).call('vmx.leave').or(mem32(vmxPlace.region), isShadow)
    return vmx(pointer(a, vmxPlace.region), 'vmxon')
  })
}

/** VMCSs that are lent to a guest, which reads and writes them without an exit. */
export function vmxShadowing(): Kernel {
  const k = new VmxKernelBuilder('vmxShadowing')
  inGuest(k)
  regions(k)
  return k.kernel.finish()
}
