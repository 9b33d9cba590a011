import type { KvmDtable, KvmSegment } from '@vmm/kvm-uapi'
import { accessRights, type DescriptorName } from '@vmm/x86-registers'
import type { StateParts } from './parts.ts'

/** A segment register as the kernel tells it: what is unusable is not present. Source: arch/x86/kvm/vmx/vmx.c vmx_get_segment. */
export function getSegment({ engine }: Pick<StateParts, 'engine'>, name: DescriptorName): KvmSegment {
  const access = Number(engine.get(`${name}.access`))
  const unusable = (access & accessRights.unusable) === 0 ? 0 : 1
  return {
    base: engine.get(`${name}.base`),
    limit: Number(engine.get(`${name}.limit`)),
    selector: Number(engine.get(`${name}.selector`)),
    type: access & accessRights.type,
    present: 1 - unusable,
    dpl: (access >> accessRights.dplShift) & 3,
    db: bitOf(access, accessRights.big),
    s: bitOf(access, accessRights.nonSystem),
    l: bitOf(access, accessRights.long),
    g: bitOf(access, accessRights.granular),
    avl: bitOf(access, accessRights.available),
    unusable,
  }
}

/** Nothing about it is checked, as in the kernel. */
export function setSegment({ engine }: Pick<StateParts, 'engine'>, name: DescriptorName, segment: KvmSegment): void {
  const unusable = segment.unusable !== 0 || segment.present === 0
  const access =
    (segment.type & accessRights.type) |
    (bitAs(segment.s, accessRights.nonSystem) | ((segment.dpl & 3) << accessRights.dplShift)) |
    (bitAs(segment.present, accessRights.present) | bitAs(segment.avl, accessRights.available)) |
    (bitAs(segment.l, accessRights.long) | bitAs(segment.db, accessRights.big)) |
    (bitAs(segment.g, accessRights.granular) | (unusable ? accessRights.unusable : 0))
  engine.set(`${name}.base`, segment.base)
  engine.set(`${name}.limit`, BigInt(segment.limit))
  engine.set(`${name}.selector`, BigInt(segment.selector))
  engine.set(`${name}.access`, BigInt(access))
}

/** GDTR or IDTR. */
export function getTable({ engine }: Pick<StateParts, 'engine'>, name: 'GDTR' | 'IDTR'): KvmDtable {
  return { base: engine.get(`${name}.base`), limit: Number(engine.get(`${name}.limit`)) }
}

/** Any base and limit will do. */
export function setTable({ engine }: Pick<StateParts, 'engine'>, name: 'GDTR' | 'IDTR', table: KvmDtable): void {
  engine.set(`${name}.base`, table.base)
  engine.set(`${name}.limit`, BigInt(table.limit))
}

const bitOf = (access: number, bit: number): number => ((access & bit) === 0 ? 0 : 1)
const bitAs = (value: number, bit: number): number => (value === 0 ? 0 : bit)
