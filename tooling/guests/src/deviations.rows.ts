import { type Source, sdm } from '@vmm/source'

/** Where someone who is asked is known not to do what the manual says. */
export interface Deviation {
  readonly host: 'qemu' | 'bochs'
  readonly kernel: string
  readonly check: string
  /** What it prints instead. */
  readonly answer: string
  /** What the manual says. */
  readonly says: string
  readonly source: Source
}

/** By host, then kernel, in the order of the kernels' checks. */
export const deviations: readonly Deviation[] = [
  { host: 'qemu', kernel: 'faults', check: 'access through a null DS',
    answer: 'ok',
    says: 'A null segment register cannot be used: #GP(0).', source: sdm('3A', '5.4.1', 'Null Segment Selector Checking') },
  { host: 'qemu', kernel: 'tasks', check: 'CR0.TS is set, and local breakpoints are off',
    answer: 'ok 39 502',
    says: 'A task switch clears DR7.LE as it clears L0 to L3.', source: sdm('3B', '18.2.4', 'Debug Control Register (DR7)') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose LDT is no LDT',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose LDT is in an LDT',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose CS is data',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose CS has another level',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose CS is not present',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose SS is null',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose SS has another level',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose SS is read-only',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'a task whose SS is not present',
    answer: '#DE tr=58 cs=0',
    says: 'After the old task is saved, what is wrong with a segment of the new one is its own fault, with an error code.', source: sdm('3A', '8.3', 'Task Switching') },
  { host: 'qemu', kernel: 'tasks', check: 'an exception through a task gate of a TSS that is not present',
    answer: '#NP(58)',
    says: 'EXT is set in the error code of what happens while an exception is delivered.', source: sdm('3A', '6.13', 'Error Code') },
  { host: 'qemu', kernel: 'tasks', check: 'the T bit traps before the first instruction',
    answer: 'ok dr6=0 1',
    says: 'A task with T set is begun with a debug trap, DR6.BT set.', source: sdm('3B', '18.3.1.5', 'Task-Switch Exception Condition') },
  { host: 'qemu', kernel: 'tasks', check: 'a 16-bit TSS, and back by IRET',
    answer: 'ok 1111 4444 58 28 46 28 81',
    says: 'The flags of the old task come back as they were saved.', source: sdm('3A', '8.3', 'Task Switching') },
]
