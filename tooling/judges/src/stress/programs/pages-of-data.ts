import { al, cr0, eax, ebx, ecx, edx, mem8, mem32, mem64, rax, rbx, rcx, rdi, rdx, rsi, rsp } from '@vmm/x86-assembler'
import { at, selector } from '../layout.ts'
import type { Program } from '../program.ts'
import { entryOf } from '../scenery.ts'
import { all, present, setEntry, writable } from './entries.ts'
import { loop } from './loop.ts'

const rounds = 120

/** Pages of data whose entries change under code that uses them. */
export const pagesOfData: readonly Program[] = [
  {
    name: 'a page of data that faults in the middle of a block, and is mapped by its handler',
    mode: 'long',
    write: (a) => {
      const page = at.data + 0x3000
      a.jmp('start').label('vector14').add(rdx, mem64(rsp))
      setEntry(a, page, page | all)
      a.add(rsp, 8).iretq().label('start').mov(rdi, page)
      loop(a, rounds, () =>
        a
          .mov(mem64(entryOf(page)), 0)
          .invlpg(mem8(page))
          .inc(rbx)
          .lea(rsi, mem64({ base: rbx, index: rcx, scale: 2 }))
          .cmp(rsi, 77)
          .adc(mem64(rdi), rsi)
          .sbb(rbx, mem64(rdi))
          .rcl(rbx, 1),
      )
    },
  },
  {
    name: 'a page that may not be written, with and without CR0.WP',
    mode: 'long',
    write: (a) => {
      const page = at.data + 0x3000
      a.jmp('start').label('vector14')
      setEntry(a, page, page | all)
      a.invlpg(mem8(page)).add(rsp, 8).inc(rdx).iretq().label('start').mov(rdi, page)
      loop(a, rounds, () =>
        setEntry(a, page, page | present)
          .invlpg(mem8(page))
          .mov(rax, cr0)
          .btc(rax, 16)
          .mov(cr0, rax)
          .inc(mem64(rdi))
          .add(rbx, mem64(rdi)),
      )
    },
  },
  {
    name: 'accessed and dirty bits that a loop looks at',
    mode: 'long',
    write: (a) => {
      const page = at.data + 0x3000
      a.mov(rdi, page)
      loop(a, rounds, () => {
        setEntry(a, page, page | all)
          .invlpg(mem8(page))
          .test(ecx, 1)
          .je('reads')
        a.mov(mem8(rdi), 1)
          .label('reads')
          .mov(al, mem8({ base: rdi, displacement: 9 }))
          .add(rbx, mem64(entryOf(page)))
          .rol(rbx, 3)
      })
    },
  },
  {
    name: 'a store that crosses into a page that is missing writes nothing',
    mode: 'long',
    write: (a) => {
      const page = at.data + 0x3000
      a.jmp('start').label('vector14')
      setEntry(a, page, page | all).add(rbx, mem64({ base: rdi }))
      a.add(rsp, 8)
        .iretq()
        .label('start')
        .mov(rdi, page - 4)
      loop(a, rounds, () =>
        a
          .mov(mem64(entryOf(page)), 0)
          .invlpg(mem8(page))
          .mov(mem64(rdi), rcx)
          .add(rbx, mem64(rdi)),
      )
    },
  },
  {
    name: 'a program and its kernel, whose rights differ',
    mode: 'long',
    write: (a) => {
      // the kernel's page is data to the program only while the entry says so
      const page = at.data + 0x3000
      a.jmp('start')
      a.label('vector14').add(rbx, mem64(rsp)).add(rsp, 8)
      setEntry(a, page, page | all)
      a.invlpg(mem8(page)).iretq()
      a.label('vector128')
      setEntry(a, page, page | present | writable)
        .invlpg(mem8(page))
        .inc(mem64(page))
      a.dec(ecx).je('over').iretq().label('over').hlt()
      a.label('start').mov(ecx, rounds).push(selector.userData).push(at.userStack).push(0x202).push(selector.userCode64)
      a.mov(rax, 'program').push(rax).iretq()
      a.label('program').inc(rdx).mov(eax, mem32(page)).add(ebx, eax).add(edx, ebx).int(128).jmp('program')
    },
  },
]
