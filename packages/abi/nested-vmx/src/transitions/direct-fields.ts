import type { FieldBeside } from '@vmm/x86-registers'
import { isOfferedPlace, type LiveField, type LivePlace, livePlaces } from '../vmcs12/live-places.ts'
import type { VmxWorld } from './vmx-instructions.ts'

/** Marks of what is looked at by KVM: controls and host state, and guest state. The others are groups of the processor's checks. */
export const directMarks = { controlsOrHost: 1 << 30, guest: 1 << 31 } as const

const byKvm = directMarks.controlsOrHost | directMarks.guest
const whole = 0xffff_ffff_ffff_ffffn

/** All of a vCPU's fields, each with the marks of who looks at it, for `VmxState.wroteDirectly`: `lookedAt` is what KVM looks at of guest state. */
export function directFields(
  world: Pick<VmxWorld, 'msrs' | 'checks'>,
  lookedAt: ReadonlySet<LiveField>,
): readonly FieldBeside[] {
  return livePlaces
    .filter((place) => isOfferedPlace(world.msrs, place))
    .flatMap((place) => {
      const { encoding, offset, bytes, upperHalf } = place
      const marks = marksOf(world, place, lookedAt)
      const looked = (marks & byKvm) === 0 ? world.checks.bitsOf(place.field) : whole
      const part = (at: 0 | 4, of: 2 | 4 | 8) => ({
        ...{ offset: offset + at, bytes: of, writable: isPlain(place), marks },
        looked: BigInt.asUintN(8 * of, looked >> BigInt(8 * at)),
      })
      const field: FieldBeside = { encoding, ...part(0, bytes) }
      return upperHalf === undefined ? [field] : [field, { encoding: upperHalf, ...part(4, 4) }]
    })
}

/** Whether what is written is what is kept: reserved bits of access rights are not, and what is read-only may not be written everywhere. */
const isPlain = ({ field, group }: LivePlace): boolean => group !== 'read-only' && !field.endsWith('_AR_BYTES')

function marksOf({ checks }: Pick<VmxWorld, 'checks'>, { field, group }: LivePlace, lookedAt: ReadonlySet<LiveField>) {
  const isKvms = group === 'control' || group === 'host'
  return (
    checks.groupsOf(field) | (isKvms ? directMarks.controlsOrHost : 0) | (lookedAt.has(field) ? directMarks.guest : 0)
  )
}
