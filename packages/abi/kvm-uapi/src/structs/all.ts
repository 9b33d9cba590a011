import * as cpuidAndMsrs from './cpuid-and-msrs.rows.ts'
import * as encrypted from './encrypted.rows.ts'
import * as machine from './machine.rows.ts'
import * as memory from './memory.rows.ts'
import * as nested from './nested.rows.ts'
import * as paravirtual from './paravirtual.rows.ts'
import * as registers from './registers.rows.ts'
import * as run from './run.rows.ts'
import type { AnyStruct } from './uapi-struct.ts'

const families = [registers, cpuidAndMsrs, memory, machine, paravirtual, nested, run, encrypted] as const

/** Every struct of KVM's interface on x86. */
export const structs: readonly AnyStruct[] = families.flatMap((family): readonly AnyStruct[] =>
  Object.values(family).map(({ name, says, header, readIn, source, size, align, offset, shape }) => ({
    name,
    says,
    header,
    readIn,
    source,
    size,
    align,
    offset,
    fields: 'fields' in shape ? shape.fields : [],
  })),
)
