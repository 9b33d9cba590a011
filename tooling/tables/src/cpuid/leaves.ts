import { type Feature, featurePlaces, type Leaf, leaves, type OutputRegister } from '@vmm/cpuid'
import { sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, hex, integer, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

const registers = ['eax', 'ebx', 'ecx', 'edx'] as const satisfies readonly OutputRegister[]

const field = record({
  name: text('as the manual spells it'),
  register: oneOf(registers),
  low: integer('its lowest bit'),
  width: integer('of how many bits it is'),
  feature: { type: 'boolean', description: 'whether it is a feature: one bit that can be there or not' },
  says: text(),
})

/** The leaves of CPUID, with what each bit of them means. */
export const leafTable: Table = {
  folder: 'packages/abi/cpuid',
  name: 'leaves',
  says: 'The leaves of CPUID, and what their bits mean; what no field names is reserved.',
  row: record({
    leaf: { ...hex, description: 'EAX as it is asked; a hypervisor’s as if its leaves began at 0x40000000' },
    subleaf: {
      description: 'ECX as it is asked; `from`: this one and all after it have one layout',
      anyOf: [oneOf(['any'], 'ECX does not matter'), integer(), record({ from: integer() })],
    },
    'hypervisor?': oneOf(['kvm', 'hyperv', 'xen'], 'whose leaf it is, if not the processor’s'),
    name: text(),
    fields: arrayOf(field),
    source: sourceSchema,
  }),
  rows: () =>
    (leaves as readonly Leaf[]).map((leaf) => ({
      leaf: `0x${leaf.leaf.toString(16)}`,
      subleaf: leaf.subleaf,
      ...(leaf.hypervisor === undefined ? {} : { hypervisor: leaf.hypervisor }),
      name: leaf.name,
      fields: registers.flatMap((register) => fieldsOf(leaf, register)),
      source: sourceJson(leaf.source),
    })),
}

function fieldsOf({ leaf, outputs }: Leaf, register: OutputRegister): readonly object[] {
  return Object.entries(outputs[register] ?? {}).map(([name, { low, width, says }]) => {
    return { name, register, low, width, feature: isFeature(name, leaf), says }
  })
}

function isFeature(name: string, leaf: number): boolean {
  const place = featurePlaces.get(name as Feature)
  return place?.function === leaf
}
