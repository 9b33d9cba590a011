import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { removeScratch, scratch } from '@vmm/scratch'

/** What a live KVM answers, and what kind of KVM it is. No guest is run. */
export interface KvmAnswers {
  readonly release: string
  /** The module that drives the processor: `kvm_intel`, `kvm_amd`, or another. Answers that are its own count only for it. */
  readonly vendorModule: string
  /** Whether that is Intel's module or AMD's. */
  readonly vendorModuleIsUpstream: boolean
  /** The host's processor as it names itself. */
  readonly processor: string
  /** The lines of the kernel's configuration that speak of KVM; empty where it cannot be read. */
  readonly kconfig: readonly string[]
  /** Parameters of the modules, `module.parameter`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly apiVersion: number
  readonly vcpuMmapSize: number
  readonly processorsOnline: number
  /** KVM_CHECK_EXTENSION on /dev/kvm, by the capability's number; only what is not 0. */
  readonly system: Readonly<Record<string, number>>
  /** The same on a VM of the default type. */
  readonly vm: Readonly<Record<string, number>>
}

/** One more than the highest number of a capability that is asked. */
const capabilitiesAsked = 320

/** Calls by their numbers, so that no header is needed. Sources: `@vmm/kvm-uapi`. */
const program = `
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(void) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) { perror("/dev/kvm"); return 1; }
  int vm = ioctl(kvm, 0xae01, 0L);
  if (vm < 0) { perror("KVM_CREATE_VM"); return 1; }
  printf("api %d\\nmmap %d\\n", ioctl(kvm, 0xae00, 0L), ioctl(kvm, 0xae04, 0L));
  for (long cap = 0; cap < ${capabilitiesAsked}; cap++)
    printf("%ld %d %d\\n", cap, ioctl(kvm, 0xae03, cap), ioctl(vm, 0xae03, cap));
  return 0;
}
`

/**
 * Asks this machine's /dev/kvm.
 * @throws {Error} if there is no compiler, or /dev/kvm does not open.
 */
export function recordKvm(): KvmAnswers {
  const [api, mmap, ...asked] = printed().map((line) => line.split(' '))
  const answers = asked.map(([cap, system, vm]) => ({ cap: Number(cap), system: Number(system), vm: Number(vm) }))
  const given = (of: 'system' | 'vm') =>
    Object.fromEntries(answers.filter((answer) => answer[of] !== 0).map((answer) => [answer.cap, answer[of]]))
  const vendorModule = modules().find((name) => name !== 'kvm') ?? 'unknown'
  return {
    release: (/^\d+\.\d+\.\d+/.exec(text('/proc/sys/kernel/osrelease')) ?? [''])[0],
    vendorModule,
    vendorModuleIsUpstream: ['kvm_intel', 'kvm_amd'].includes(vendorModule),
    processor: /^model name\s*:\s*(.*)$/m.exec(text('/proc/cpuinfo'))?.[1] ?? 'unknown',
    kconfig: kconfig(),
    parameters: parameters(),
    apiVersion: Number(api?.[1]),
    vcpuMmapSize: Number(mmap?.[1]),
    processorsOnline: [...text('/proc/cpuinfo').matchAll(/^processor\s*:/gm)].length,
    system: given('system'),
    vm: given('vm'),
  }
}

function printed(): readonly string[] {
  const place = scratch('kvm-answers')
  try {
    writeFileSync(join(place, 'ask.c'), program)
    const compiled = spawnSync('gcc', ['-o', join(place, 'ask'), join(place, 'ask.c')], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.error?.message ?? compiled.stderr}`)
    const done = spawnSync(join(place, 'ask'), { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(done.stderr.trim())
    return done.stdout.trim().split('\n')
  } finally {
    removeScratch(place)
  }
}

const modules = (): readonly string[] =>
  existsSync('/sys/module') ? readdirSync('/sys/module').filter((name) => /^kvm(_|$)/.test(name)) : []

/** The parameters that answers depend on. */
const telling = [
  'enable_pmu',
  'ignore_msrs',
  'mitigate_smt_rsb',
  'tdp_mmu',
  'allow_smaller_maxphyaddr',
  'ept',
  'npt',
  'nested',
  'sev',
  'sev_es',
  'sev_snp',
  'tdx',
]

function parameters(): Readonly<Record<string, string>> {
  const named = modules().flatMap((module) => {
    const place = `/sys/module/${module}/parameters`
    const names = existsSync(place) ? readdirSync(place).filter((name) => telling.includes(name)) : []
    return names.map((name) => [`${module}.${name}`, text(join(place, name))] as const)
  })
  return Object.fromEntries(named.sort(([one], [other]) => one.localeCompare(other)))
}

function kconfig(): readonly string[] {
  if (!existsSync('/proc/config.gz')) return []
  const lines = gunzipSync(readFileSync('/proc/config.gz')).toString('utf8').split('\n')
  return lines.filter((line) => /KVM|X86_SGX|SCHED_INFO|SCHEDSTATS|TASK_DELAY/.test(line))
}

/** A file's text, or nothing where it cannot be read: some parameters are the kernel's own. */
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
