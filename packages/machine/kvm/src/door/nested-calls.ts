import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, type Handlers, type Result, returned } from './call.ts'

/** Calls about a guest that is a hypervisor. */
export const nestedCalls: Handlers<KvmVcpu> = {
  KVM_GET_NESTED_STATE: getNestedState,
  KVM_SET_NESTED_STATE: ({ nesting }, { memory, argument }) =>
    returned(nesting.setFrom((offset, bytes) => memory.read(argument + BigInt(offset), bytes))),
}

const sizeAt = 4n

/** What is told is written as far as it is, whether the call fails or not; then the size that it takes. */
function getNestedState({ nesting }: KvmVcpu, { name, memory, argument }: Call): Result {
  const read = memory.read(argument + sizeAt, 4)
  if (read === undefined) {
    const unread = nesting.get('unreadable')
    return unread.kind === 'refused' ? unread : faulted(name)
  }
  const room = new DataView(read.buffer).getUint32(0, true)
  const got = nesting.get(room)
  if (got.bytes.length > 0 && !memory.write(argument, got.bytes)) {
    const unwritten = nesting.get(room, 0)
    return unwritten.kind === 'refused' ? unwritten : faulted(name)
  }
  if (got.kind === 'done') return 0
  if (got.toldSize !== undefined) {
    const size = new Uint8Array(4)
    new DataView(size.buffer).setUint32(0, got.toldSize, true)
    if (!memory.write(argument + sizeAt, size)) return faulted(name)
  }
  return got
}
