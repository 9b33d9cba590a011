import { brandOf, lookup, signatureOf } from '@vmm/cpuid'
import { tellProfile } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { parse } from './command-line.ts'
import { parseEngine } from './engine-choice.ts'
import { releaseNamed, vmxMsrsWithout } from './kvm-release.ts'
import type { RunOptions } from './run-options.ts'
import { parseSmp } from './smp-choice.ts'
import { UsageError } from './usage-error.ts'

function optionsOf(...args: string[]): RunOptions {
  const command = parse(['run', ...args])
  if (command.kind !== 'run') throw new Error('not a run')
  return command.options
}

const printed = (...args: string[]): string => {
  const command = parse(args)
  return command.kind === 'print' ? command.text : 'a run'
}

test('files are added at /root, or at a place in the guest', () => {
  expect(optionsOf('--add', '/tmp/one', '--add', 'a=b=/usr/bin/two').add).toEqual([
    { from: '/tmp/one', to: 'root/one' },
    { from: 'a=b', to: 'usr/bin/two' },
  ])
  expect(optionsOf().add).toEqual([])
})

describe('bad arguments are one line that says what was wrong', () => {
  test.each([
    [['rum'], 'unknown command rum, did you mean run? (see vmm --help)'],
    [['--version', 'x'], 'expected nothing after --version, got x'],
    [['help', 'run', ''], "expected nothing after help run, got ''"],
    [['run', '--memory', '1T'], '--memory 1T: expected between 16M and 3840M'],
    [['run', '--memory='], "--memory '': expected a size such as 512M or 2G"],
    [['--versoin'], 'unknown flag --versoin, did you mean --version? (see vmm --help)'],
    [['run', '--memry', '1G'], 'unknown flag --memry, did you mean --memory? (see vmm run --help)'],
    [['run', '--max-instruction=5'], 'unknown flag --max-instruction, did you mean --max-instructions?'],
    [['run', '--zzzzzzzz'], 'unknown flag --zzzzzzzz (see vmm run --help)'],
    [['run', '-z'], 'unknown flag -z (see vmm run --help)'],
    [['run', '--exec'], '--exec: expected a value after it'],
    [['run', '--reboot=yes'], '--reboot takes no value'],
    [['run', '--append', '--quiet'], '--append: its value begins with a dash; expected --append=VALUE'],
    [['run', '--memory', '1G', '--memory', '2G'], '--memory is given twice'],
    [['run', '--add', 'a='], '--add a=: expected FILE, or FILE=PLACE with a path in the guest'],
    [['run', '--add', 'a=../b'], '--add a=../b: expected FILE, or FILE=PLACE'],
    [['run', 'a', 'b'], 'one image at most, got a and b'],
    [['run', 'a', '--kernel', 'b'], 'IMAGE a and --kernel b are one thing'],
    [['run', '--clock', 'wall'], '--clock wall: expected real or virtual'],
    [['run', '--cpu', 'pentium9'], "unknown CPU model 'pentium9'"],
    [['run', '--cpu', 'max,+AVX512F'], 'AVX512F is not implemented'],
    [['run', '--cpu', 'max,+NOSUCH'], 'NOSUCH'],
    [['run', '--cpu', 'max,+AES,-AES'], 'AES'],
    [['run', '--cpu', 'max,-vmx-vpidd'], 'VMX has nothing that is called vmx-vpidd, did you mean vmx-vpid?'],
    [['run', '--cpu', 'max,-VMX-VPIDD'], 'VMX has nothing that is called vmx-vpidd, did you mean vmx-vpid?'],
    [['run', '--cpu', 'max,+VMX,+vmx-nonsense'], 'vmx-nonsense; expected one of vmx-vintr-pending vmx-tsc-offset'],
    [['run', '--cpu', 'max,+VMX,+vmx-encls-exit'], 'VMX has nothing that is called vmx-encls-exit'],
    [['run', '--cpu', 'x86-64-v2,-vmx-ept'], '-vmx-ept is of VMX, which x86-64-v2 does not have; add +VMX'],
    [['run', '--cpu', 'max,-VMX,+vmx-ept'], '+vmx-ept is of VMX, which max does not have; add +VMX'],
    [['run', '--cpu', 'milan'], "the CPU model milan is AMD's (EPYC 7713): a guest can be given one of Intel's"],
    [['run', '--cpu', 'hasswell'], "unknown CPU model 'hasswell'; did you mean haswell?"],
    [['run', '--cpu', ''], 'CPU model'],
    [['run', '--kvm', 'nonsense'], '--kvm: "nonsense" is not a kernel release: expected X.Y or X.Y.Z'],
    [['run', '--kvm', '3.2'], '--kvm: kernel 3.2 is not known'],
    [['run', '--kvm', '5.4+rfc-cpuid-ebusi'], 'nobody has proposed rfc-cpuid-ebusi, did you mean rfc-cpuid-ebusy?'],
    [['run', '--trace', 'everything'], '--trace everything: expected one of exits, cpuid'],
    [['run', '--trace', 'exits='], '--trace exits=: expected a file after ='],
    [['help', 'rnu'], 'unknown command rnu, did you mean run?'],
  ])('%j', (args, says) => {
    let error: unknown
    try {
      parse(args)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toContain(says)
    expect((error as Error).message).not.toContain('\n')
  })

  test.each(['0', '1M', '15M', '1T', '4G', '99999999999999999999G', '-1', '1e9', '', 'lots', '1.5G', '0x10000000'])(
    'a memory size of %j is absurd',
    (size) => {
      expect(() => parse(['run', `--memory=${size}`])).toThrow(UsageError)
    },
  )

  test.each(['0', '-1', '1.5', 'many', '', 'Infinity', '0x10', '1e30'])('%j is no number of instructions', (count) => {
    expect(() => parse(['run', `--max-instructions=${count}`])).toThrow(/^--max-instructions .*expected a whole number/)
  })

  test.each(['0', '-1', 'soon', '', 'Infinity', 'NaN'])('%j is no number of seconds', (count) => {
    expect(() => parse(['run', `--timeout=${count}`])).toThrow(/^--timeout .*expected a number of seconds/)
  })
})

describe('arguments', () => {
  test('IMAGE and --kernel are one thing', () => {
    expect([optionsOf('a').image, optionsOf('--kernel', 'a').image, optionsOf().image]).toEqual(['a', 'a', undefined])
  })

  test.each([
    ['16M', 16 * 2 ** 20],
    ['512m', 512 * 2 ** 20],
    ['1G', 2 ** 30],
    ['2GiB', 2 ** 31],
    ['3840M', 3840 * 2 ** 20],
    ['67108865', 64 * 2 ** 20 + 4096],
    ['65536K', 64 * 2 ** 20],
  ])('--memory %s is %i bytes', (text, bytes) => {
    expect(optionsOf('--memory', text).memorySize).toBe(bytes)
  })

  test('--cpu takes away what VMX can do by the names of QEMU', () => {
    const { table } = optionsOf('--cpu', 'max,+VMX,-vmx-ept,+vmx-vpid,-vmx-apicv-vid')
    expect([table.features.has('VMX'), table.vmxLacks]).toEqual([true, ['vmx-ept', 'vmx-apicv-vid']])
    expect(vmxMsrsWithout(['vmx-ept', 'vmx-apicv-vid'], releaseNamed()).map(({ index }) => index)).toEqual([
      0x48b, 0x48c, 0x491,
    ])
    expect(vmxMsrsWithout(['vmx-tsc-scaling'], releaseNamed('5.10'))).toEqual([])
  })

  test('--cpu takes a host by any of its names, and tells in one line what of it is left out', () => {
    const { table } = optionsOf('--cpu', 'HSW,+VMX')
    expect([brandOf(table.entries), signatureOf(lookup(table.entries, 1, 0).eax).model]).toEqual([
      'Intel(R) Xeon(R) CPU E7-8890 v3 @ 2.50GHz',
      0x3f,
    ])
    // CLWB and UMIP are of younger parts; VMX is there for who asks
    const { features } = table
    const asked = ['BMI2', 'VMX', 'HYPERVISOR', 'CLWB'] as const
    expect(asked.map((feature) => features.has(feature))).toEqual([true, true, true, false])
    expect(optionsOf('--cpu', 'haswell').table.features.has('VMX')).toBe(false)
    const { warnings } = optionsOf('--cpu', 'spr').table
    expect(warnings).toEqual([
      expect.stringMatching(/^--cpu sapphire-rapids: left out what nothing here executes: .*\bAVX512F\b/),
    ])
    expect(optionsOf('--cpu', 'spr', '--kvm', '5.4').table.warnings!.join()).not.toContain('AMX')
  })

  test.each([
    ['default', 0],
    ['max', 0],
    ['x86-64-v2', 0],
    ['x86-64-v3,-AVX,-AVX2,-FMA,-F16C', 0],
  ])('--cpu %s leaves nothing out', (cpu, warnings) => {
    expect(optionsOf('--cpu', cpu).table.warnings ?? []).toHaveLength(warnings)
  })

  test('--cpus is how many processors, each of which knows of the others', () => {
    expect([optionsOf().cpus, optionsOf('--cpus', '4').cpus, optionsOf('--cpus', '64').cpus]).toEqual([1, 4, 64])
    expect(optionsOf('--cpus', '4').table.features.has('HTT')).toBe(true)
    expect(optionsOf().table.features.has('HTT')).toBe(false)
  })

  test('--smp threads runs them at the same time, in real time, without what is slow there unless it is asked for', () => {
    const { smp, clock, table } = optionsOf('--cpus', '2', '--smp', 'threads')
    expect([smp, clock, table.features.has('MONITOR'), table.features.has('CMPXCHG16B')]).toEqual([
      'threads',
      'real',
      false,
      false,
    ])
    const featuresOf = (cpu: string) => optionsOf('--smp', 'threads', '--cpu', cpu).table.features
    expect(featuresOf('default,+cx16').has('CMPXCHG16B')).toBe(true)
    expect([featuresOf('max').has('MONITOR'), featuresOf('default,+monitor').has('MONITOR')]).toEqual([false, true])
    expect(optionsOf().smp).toBe('turns')
  })

  test.each([
    [['--clock', 'virtual'], '--clock virtual'],
    [['--engine', 'oracle'], '--engine oracle'],
    [['--check', '1/10'], '--check'],
    [['--trace', 'msr'], '--trace'],
    [['--profile', 'x'], '--profile'],
    [['--stats'], '--stats'],
  ])('--smp threads does not go with %s', (flags, named) => {
    expect(() => optionsOf('--smp', 'threads', ...flags)).toThrow(
      `--smp threads: expected no ${named}: processors take no turns there`,
    )
  })

  test('--smp threads is refused on hosts with another order of memory, and no other way is known', () => {
    const engine = parseEngine({})
    expect(() => parseSmp({ smp: 'threads' }, engine, 'arm64')).toThrow(
      '--smp threads: expected an x86 host, which orders memory as guests expect; this one is arm64',
    )
    expect(() => optionsOf('--smp', 'both')).toThrow('--smp both: expected turns or threads')
  })

  test.each(['0', '65', '-1', '1.5', 'all', ''])('--cpus %s is refused', (text) => {
    expect(() => optionsOf(`--cpus=${text}`)).toThrow(/^--cpus .*: expected a whole number from 1 to 64$/)
  })

  test('have defaults: 512 MiB, no limits, no reboot', () => {
    const { memorySize, maxInstructions, timeout, reboot, console, exec } = optionsOf()
    expect([memorySize, maxInstructions, timeout]).toEqual([
      512 * 2 ** 20,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
    expect([reboot, console, exec]).toEqual([false, false, undefined])
  })

  test('limits may be written shortly', () => {
    const { maxInstructions, timeout } = optionsOf('--max-instructions', '2e9', '--timeout', '.5')
    expect([maxInstructions, timeout]).toEqual([2e9, 0.5])
  })

  test('a command makes time virtual; --clock has the last word', () => {
    expect([optionsOf('--exec', 'true').clock, optionsOf('--exec', 'true', '--clock', 'real').clock]).toEqual([
      'virtual',
      'real',
    ])
  })

  test('what follows -- is an image, whatever it looks like', () => {
    expect(optionsOf('--', '--strange').image).toBe('--strange')
  })

  test('a value may look like a flag if it is joined', () => {
    expect(optionsOf('--append=--x', '--exec=-c').append).toBe('--x')
  })

  test('--trace takes kinds, and a file that may have = in its name', () => {
    const { trace } = optionsOf('--trace', 'msr,irq=a=b')
    expect([[...trace!.selected], trace!.file]).toEqual([['kvm_msr', 'kvm_inj_virq'], 'a=b'])
  })

  test('--cpu takes features away and adds them', () => {
    const { features } = optionsOf('--cpu', 'x86-64-v2,-SSE4_2,+BMI2').table
    expect([features.has('SSE4_2'), features.has('BMI2'), features.has('SSE4_1')]).toEqual([false, true, true])
  })
})

describe('--kvm names the kernel', () => {
  test('6.12.117 unless told, a series by its newest release, and proposals over it', () => {
    const asked = ['', '6.1', '5.16.3', '5.4+rfc-cpuid-ebusy'].map((text) => (text === '' ? [] : ['--kvm', text]))
    const told = asked.map((args) => tellProfile(optionsOf(...args).kernel))
    expect(told).toEqual(['6.12.117', expect.stringMatching(/^6\.1\.\d+$/), '5.16.3', '5.4.302+rfc-cpuid-ebusy'])
  })

  test.each([
    ['5.4', [], false],
    ['5.4', ['--cpu', 'default,+FSRM'], true],
    ['5.10', [], true],
  ])('on %s with %j FSRM is offered: %s', (kernel, more, offered) => {
    expect(optionsOf('--kvm', kernel, ...more).table.features.has('FSRM')).toBe(offered)
  })
})

test.each([
  ['6.12', 'max', false],
  ['6.18', 'max', true],
  ['6.18', 'default', false],
  ['6.18', 'default,+SHSTK,+IBT', true],
])('on the KVM of %s a guest of %s has control-flow enforcement: %s', (kernel, cpu, has) => {
  const { features } = optionsOf('--kvm', kernel, '--cpu', cpu).table
  expect([features.has('CET_SS'), features.has('CET_IBT')]).toEqual([has, has])
})

test.each(['rtm-always-abort', 'RTM_ALWAYS_ABORT'])('transactions that abort are asked for by name: +%s', (name) => {
  const has = (cpu: string) => optionsOf('--cpu', cpu).table.features.has('RTM_ALWAYS_ABORT')
  expect([has('max'), has(`max,+${name}`)]).toEqual([false, true])
})

describe('what is printed', () => {
  test('help for vmm, and for run under each of its names', () => {
    expect(printed('--help')).toContain('vmm run [IMAGE]')
    expect(new Set([printed(), printed('--help'), printed('-h'), printed('help')]).size).toBe(1)
    expect(new Set([printed('run', '--help'), printed('run', '-h'), printed('help', 'run')]).size).toBe(1)
  })

  test('the help of run has every flag, examples and exit statuses', () => {
    const help = printed('run', '--help')
    const flags = ['kernel', 'initrd', 'append', 'memory', 'cpu', 'exec', 'console', 'max-instructions', 'timeout']
    for (const flag of [...flags, 'clock', 'reboot', 'trace', 'report', 'help']) expect(help).toContain(`--${flag}`)
    for (const status of ['120', '122', '124', '130', '143']) expect(help).toContain(status)
    expect(help).toContain('Examples:')
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })

  test('the version is that of vmm, Node and V8', () => {
    expect(printed('--version')).toBe(`vmm 1.0.0, Node ${process.versions.node}, V8 ${process.versions.v8}\n`)
  })
})
