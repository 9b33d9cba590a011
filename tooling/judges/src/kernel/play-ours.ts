import type { Host } from '@vmm/cpuid'
import { ioctl, type KvmFile, openEventFd, openFile, openKvm, ProcessMemory, type Task } from '@vmm/kvm'
import { ioctlNamed, kvmRun } from '@vmm/kvm-uapi'
import { errnos } from '@vmm/rule'
import type { Scenario } from './scenario.ts'
import { Files, probeBases, ram } from './script.ts'
import { type Action, actionOf, littleEndian, mapped, pageOf, ramBytes } from './step.ts'
import { type Raw, Teller } from './tell.ts'

/** What kernel we are to be, on what. */
export interface OurKernel {
  readonly release: string
  readonly host: Host
}

const runBytes = 0x900
const eventBytes = 8
const pageBytes = 4096
/** What every process has open: input, output, errors. */
const standardFiles = 3
/** POLLIN, POLLPRI, POLLOUT: what the probe asks for. */
const polled = 7
const runCall = ioctlNamed('KVM_RUN')?.number ?? 0

/** What ours answers to a scenario, a line a step; and by whom a step was refused. */
export interface OurAnswers {
  readonly told: readonly string[]
  readonly refusedBy: readonly (string | undefined)[]
}

/** Plays a scenario through the binary door. */
export function playOurs({ release, host }: OurKernel, scenario: Scenario): OurAnswers {
  const files = new Files(scenario)
  const process = new Process({ release, host }, files)
  const teller = new Teller()
  const [told, refusedBy]: [string[], (string | undefined)[]] = [[], []]
  for (const step of scenario.steps) {
    const action = actionOf(step, probeBases(files))
    told.push(teller.tell(action, process.act(action)))
    refusedBy.push(process.refusedBy)
  }
  return { told, refusedBy }
}

/** What the probe is to a kernel: a process with memory and open files. */
class Process {
  refusedBy: string | undefined
  readonly #memory = new ProcessMemory()
  #blocked = 0n
  #pending = 0n
  readonly #task: Task = {
    memory: this.#memory,
    mm: {},
    fileAt: (fd) => this.#fileAt(fd),
    signals: { pending: () => this.#pending, blocked: () => this.#blocked },
  }
  readonly #files = new Map<string, KvmFile>()
  readonly #names: Files
  readonly #release: string
  readonly #host: Host
  #showsRam = false

  constructor({ release, host }: OurKernel, names: Files) {
    this.#release = release
    this.#host = host
    this.#names = names
    for (const [at, bytes] of mapped) this.#memory.map(at, new Uint8Array(bytes))
    this.#open('sys')
  }

  act(action: Action): Raw {
    this.refusedBy = undefined
    switch (action.does) {
      case 'call':
        for (const { at, bytes } of action.writes) this.#memory.write(at, bytes)
        return this.#call(action)
      case 'run':
        return this.#run(action.file)
      case 'write':
        for (const { at, bytes } of action.writes) if (!this.#memory.write(at, bytes)) return failed('EFAULT')
        return { result: 0 }
      case 'look':
        return { result: 0, bytes: this.#memory.read(action.watch.at, action.watch.length) }
      case 'map':
        this.#memory.map(action.at, new Uint8Array(action.length))
        return { result: 0 }
      case 'unmap':
        this.#memory.unmap(action.at)
        return { result: 0 }
      case 'protect':
        this.#memory.protect(action.at, action.length, action.how === 'all' ? 'write' : action.how)
        return { result: 0 }
      case 'open':
        return this.#open(action.file)
      case 'close':
        this.#files.get(action.file)?.close()
        return { result: 0 }
      case 'eventfd':
        return this.#kept(action.file, openEventFd(this.#task))
      case 'signal-event':
        return counted(this.#files.get(action.file)?.write(littleEndian(action.value, eventBytes)))
      case 'read':
        return counted(this.#files.get(action.file)?.read(action.length))
      case 'poll':
        return { result: (this.#files.get(action.file)?.poll() ?? 0) & polled }
      case 'wait':
        return { result: 0 }
      case 'begin':
        return { result: 0 }
      case 'await':
        return this.#run(action.file)
      case 'block':
        this.#blocked |= bitOf(action.signal)
        return { result: 0 }
      case 'kill':
        this.#pending |= bitOf(action.signal)
        return { result: 0 }
      case 'pending':
        return { result: 0, text: signalsIn(this.#pending & this.#blocked).join(' ') }
      case 'dup':
        return this.#kept(action.file, this.#files.get(action.of)?.dup())
      case 'mmap':
        return this.#mapFile(action)
      default:
        return action satisfies never
    }
  }

  #fileAt(fd: number): ReturnType<NonNullable<Task['fileAt']>> {
    if (fd >= 0 && fd < standardFiles) return 'other'
    const file = this.#files.get(this.#names.name(fd) ?? '')
    if (file?.isOpen !== true) return 'closed'
    if (file.object.kind === 'guest-memfd') return file.object.memfd
    return file.object.kind === 'eventfd' ? file.object.eventFd : 'other'
  }

  #open(name: string): Raw {
    const kvm = openKvm({ kernel: this.#release, host: this.#host, memoryBytes: ramBytes, signalAfter: 3_000_000 })
    return this.#kept(name, openFile(kvm, this.#task))
  }

  #kept(name: string, file: KvmFile | undefined): Raw {
    if (file === undefined) return failed('EBADF')
    this.#files.set(name, file)
    if (file.object.kind === 'vm') this.#showRam(file.object.vm.memory.bytes)
    return { result: 0 }
  }

  /** What guests' memory is made of is that of the first VM. */
  #showRam(bytes: Uint8Array): void {
    if (this.#showsRam) return
    this.#showsRam = true
    this.#memory.map(ram, bytes)
  }

  #call(action: Extract<Action, { does: 'call' }>): Raw {
    const file = this.#files.get(action.file)
    if (file === undefined) return failed('EBADF')
    const task = action.by === 'us' ? this.#task : { memory: this.#memory, mm: {} }
    const { value: returned, file: made, refusal } = ioctl(task, file, action.request, action.argument)
    // what another process was returned is told by whether it failed
    const value = action.by === 'us' ? returned : Math.min(returned, 0)
    this.refusedBy = refusal?.rule
    if (made !== undefined && action.into !== undefined) this.#kept(action.into, made)
    return {
      result: value,
      bytes: action.watch.length === 0 ? undefined : this.#memory.read(action.watch.at, action.watch.length),
    }
  }

  #run(name: string): Raw {
    const file = this.#files.get(name)
    if (file === undefined) return failed('EBADF')
    const { value, refusal } = ioctl(this.#task, file, runCall, 0n)
    this.refusedBy = refusal?.rule
    const page = this.#memory.read(pageOf(name), runBytes)
    return { result: value, bytes: page, data: page && this.#portData(name, page) }
  }

  #portData(name: string, page: Uint8Array): Uint8Array | undefined {
    const view = new DataView(page.buffer)
    if (view.getUint32(kvmRun.offset.exit_reason, true) !== 2) return undefined
    const union = kvmRun.offset.exit
    const length = (page[union + 1] ?? 0) * view.getUint32(union + 4, true)
    return length <= 0x1000 ? this.#memory.read(pageOf(name) + view.getBigUint64(union + 8, true), length) : undefined
  }

  /** A vCPU's file is mapped wherever one likes; what is not there is found out by touching it. */
  #mapFile({ file, offset, length, at, how }: Extract<Action, { does: 'mmap' }>): Raw {
    const open = this.#files.get(file)
    if (open?.object.kind !== 'vcpu') return failed(open === undefined ? 'EBADF' : 'ENODEV')
    const sharing = how === 'private' ? 'private' : 'shared'
    const asked = { page: offset / pageBytes, pages: length / pageBytes, sharing, executable: how === 'exec' } as const
    const refusal = open.refusesMmap(asked)
    this.refusedBy = refusal?.rule
    if (refusal !== undefined) return { result: -errnos[refusal.errno] }
    const bytes = open.mmap(offset, length)
    if (bytes !== undefined) this.#memory.map(at, bytes)
    return { result: 0 }
  }
}

/** What `read` and `write` return, and what was read. */
function counted(got: Uint8Array | number | keyof typeof errnos = 'EBADF'): Raw {
  if (typeof got === 'string') return failed(got)
  return typeof got === 'number' ? { result: got } : { result: got.length, bytes: got }
}

const failed = (name: keyof typeof errnos): Raw => ({ result: -errnos[name] })

const bitOf = (signal: number): bigint => 1n << BigInt(signal - 1)
const signalsIn = (bits: bigint): readonly number[] =>
  Array.from({ length: 64 }, (_, at) => at + 1).filter((signal) => (bits & bitOf(signal)) !== 0n)
