import { vmcs12Places, vmcsPlaces } from '@vmm/nested-vmx'
import { hex, integer, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

const offsets = new Map<string, number>(vmcs12Places.map(({ field, offset }) => [field, offset]))

/** The fields of a VMCS. */
export const fieldTable: Table = {
  folder: 'packages/abi/nested-vmx',
  name: 'fields',
  says: 'The fields of a VMCS, and where KVM keeps those that it has for a hypervisor in the guest. Source: SDM 3D B; vmcs12.h.',
  row: record({
    name: text('the kernel’s name, where it has one'),
    says: text(),
    encoding: hex,
    'upperHalf?': { ...hex, description: 'the encoding of bits 63:32' },
    width: oneOf(['16', '32', '64', 'natural'], 'in bits'),
    group: oneOf(['control', 'read-only', 'guest', 'host']),
    index: integer('among those of its width and group'),
    'offset?': integer('in the region that KVM keeps'),
  }),
  rows: () =>
    vmcsPlaces.map(({ field, says, encoding, upperHalf, width, group, index }) => {
      const offset = offsets.get(field)
      return {
        name: field,
        says,
        encoding: `0x${encoding.toString(16)}`,
        ...(upperHalf === undefined ? {} : { upperHalf: `0x${upperHalf.toString(16)}` }),
        width: String(width),
        group,
        index,
        ...(offset === undefined ? {} : { offset }),
      }
    }),
}
