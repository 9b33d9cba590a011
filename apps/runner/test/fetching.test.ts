import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kernel, powerOff, say } from './kernels.ts'
import { finished, start, vmm } from './vmm.ts'

const guestKernel = kernel((a) => {
  say(a, 'fetched\n')
  powerOff(a)
})
const builtIn = 'vmm: the built-in guest'
const isX64 = process.arch === 'x64'

/** A member of a tar archive. Source: POSIX.1-2017, pax, ustar Interchange Format. */
function tarMember(name: string, content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000755\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('0ustar\x0000', 156)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

/** A user with a cache of her own, and programs that do what a test says; all of them log how they were called. */
function user(programs: Readonly<Record<string, string>>, paths = '/usr/bin:/bin') {
  const home = mkdtempSync(join(tmpdir(), 'vmm-user-'))
  const [bin, log] = [join(home, 'bin'), join(home, 'log')]
  mkdirSync(bin)
  writeFileSync(log, '')
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${log}\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  writeFileSync(
    join(home, 'kernel.tar'),
    Buffer.concat([tarMember('./boot/vmlinuz-6.1-test', guestKernel), Buffer.alloc(1024)]),
  )
  writeFileSync(
    join(home, 'shell.tar'),
    Buffer.concat([tarMember('./bin/busybox', Buffer.from('#!/bin/false')), Buffer.alloc(1024)]),
  )
  const env = { PATH: `${bin}:${paths}`, XDG_CACHE_HOME: join(home, 'cache'), HOME: home, VMM_GUEST_KERNEL: '' }
  return {
    home,
    env,
    calls: () => readFileSync(log, 'utf8').trim().split('\n'),
    cached: () => (existsSync(join(home, 'cache/vmm')) ? readdirSync(join(home, 'cache/vmm')) : []),
    run: (...args: string[]) => vmm(['run', ...args], '', env),
  }
}

const depends = 'echo linux-image-cloud-amd64; echo "  Depends: linux-image-6.1-test"'
const download = `for last; do :; done
case "$*" in
*download*) : >linux-image-6.1-test_6.1_amd64.deb; : >busybox-static_1_amd64.deb ;;
esac`
const unpack = 'case "$2" in linux*) cat "$HOME/kernel.tar" ;; *) cat "$HOME/shell.tar" ;; esac'
const working = { 'apt-cache': depends, 'apt-get': download, 'dpkg-deb': unpack }
const isPrivate = /Dir::State::lists=\S*\/cache\/vmm\/apt\/lists/

describe('the default guest', () => {
  test('comes through apt, and later runs need neither apt nor a network', async () => {
    const { run, env, home, cached, calls } = user(working)
    const first = await run()
    expect([first.status, first.stdout]).toEqual([0, 'fetched\n'])
    expect(first.stderr).toContain('vmm: downloading linux-image-6.1-test and busybox-static\n')
    expect(cached().filter((name) => name.startsWith('debian-'))).toHaveLength(1)
    expect(cached().filter((name) => name.startsWith('fetching-'))).toEqual([])
    const before = calls().length
    const second = await vmm(['run'], '', { ...env, PATH: join(home, 'nothing') })
    expect([second.status, second.stdout]).toEqual([0, 'fetched\n'])
    expect(second.stderr).toMatch(/^vmm: power-off after .*\n$/)
    expect(calls()).toHaveLength(before)
  })

  test('is fetched once by runs that begin together', async () => {
    // the first has not come far until the second waits, however long that takes to start
    const untilTwo = 'for i in $(seq 600); do [ -e "$HOME/two" ] && break; sleep 0.1; done'
    const { env, home, calls } = user({ ...working, 'apt-get': `${untilTwo}\n${download}` })
    const children = [0, 1].map(() => start(['run'], env))
    for (const { stdin, stderr } of children) {
      stdin.end()
      stderr.on('data', (said) => {
        if (`${said}`.includes('waiting for another vmm')) writeFileSync(join(home, 'two'), '')
      })
    }
    const runs = await Promise.all(children.map(finished))
    expect(runs.map(({ status, stdout }) => [status, stdout])).toEqual([
      [0, 'fetched\n'],
      [0, 'fetched\n'],
    ])
    expect(runs.filter(({ stderr }) => stderr.includes('waiting for another vmm'))).toHaveLength(1)
    expect(calls().filter((call) => call.includes(' download '))).toHaveLength(1)
  })

  test.runIf(isX64)('comes through lists of its own where the system’s are stale', async () => {
    const stale = `case "$*" in *Dir::State::lists=*) ;; *) echo "E: Failed to fetch: 404 Not Found" >&2; exit 100 ;; esac
case "$*" in *" update"*) for each; do case "$each" in Dir::State::lists=*) : >"\${each#*=}/x_Packages" ;; esac; done ;; esac`
    const { run, calls } = user({ ...working, 'apt-get': `${stale}\n${download}` })
    const { status, stdout, stderr } = await run()
    expect([status, stdout]).toEqual([0, 'fetched\n'])
    expect(stderr).toContain('vmm: updating package lists\n')
    expect(
      calls()
        .filter((call) => isPrivate.test(call))
        .some((call) => call.endsWith(' update')),
    ).toBe(true)
    expect(
      calls()
        .filter((call) => call.includes(' update'))
        .every((call) => isPrivate.test(call)),
    ).toBe(true)
  })

  test('does not need all lists to be updated', async () => {
    const partial = `case "$*" in
*" update"*)
  for each; do case "$each" in Dir::State::lists=*) : >"\${each#*=}/x_Packages" ;; esac; done
  echo "W: Failed to fetch bookworm-security: timed out" >&2; echo "E: Some index files failed to download." >&2; exit 100 ;;
esac`
    const { run } = user({
      ...working,
      'apt-cache': `case "$*" in *Dir::State::lists=*) ${depends} ;; *) echo "E: No packages found" >&2; exit 100 ;; esac`,
      'apt-get': `${partial}\n${download}`,
    })
    expect(await run()).toMatchObject({ status: 0, stdout: 'fetched\n' })
  })

  test('is fetched for one run alone where nothing can be kept, and nothing is left of it', async () => {
    const { env, home } = user(working)
    const [inTheWay, temporary] = [join(home, 'file'), join(home, 'temporary')]
    writeFileSync(inTheWay, '')
    mkdirSync(temporary)
    const { status, stdout, stderr } = await vmm(['run'], '', { ...env, XDG_CACHE_HOME: inTheWay, TMPDIR: temporary })
    expect([stdout, status]).toEqual(['fetched\n', 0])
    expect(stderr).toMatch(
      /^vmm: the guest is fetched for this run alone: [^\n]+\nvmm: downloading [^\n]+\nvmm: power-off/,
    )
    expect(stderr).toContain(`${inTheWay}/vmm: not a directory on the way\n`)
    expect(readdirSync(temporary)).toEqual([])
  })

  test.each(['vmlinuz', 'busybox'])('is fetched again when its %s has gone from the cache', async (name) => {
    const { run, home, cached } = user(working)
    expect((await run()).status).toBe(0)
    const [kept] = cached().filter((each) => each.startsWith('debian-'))
    rmSync(join(home, 'cache/vmm', kept!, name))
    expect(await run()).toMatchObject({ status: 0, stdout: 'fetched\n' })
    expect(existsSync(join(home, 'cache/vmm', kept!, name))).toBe(true)
  })

  test('has its initramfs made again when that was cut short', async () => {
    const { run, home, cached } = user(working)
    await run()
    const [kept] = cached().filter((each) => each.startsWith('debian-'))
    const directory = join(home, 'cache/vmm', kept!)
    const path = join(directory, readdirSync(directory).find((name) => name.startsWith('initramfs-'))!)
    const before = readFileSync(path)
    writeFileSync(path, before.subarray(0, 100))
    expect((await run()).status).toBe(0)
    expect(readFileSync(path)).toEqual(before)
  })

  test('may have another kernel, by VMM_GUEST_KERNEL', async () => {
    const { env, home } = user(working)
    const path = join(home, 'own')
    writeFileSync(
      path,
      kernel((a) => {
        say(a, 'own\n')
        powerOff(a)
      }),
    )
    expect(await vmm(['run'], '', { ...env, VMM_GUEST_KERNEL: path })).toMatchObject({ status: 0, stdout: 'own\n' })
    const missing = await vmm(['run'], '', { ...env, VMM_GUEST_KERNEL: '/no/such' })
    expect([missing.status, missing.stderr]).toEqual([2, 'vmm: VMM_GUEST_KERNEL /no/such: no such file\n'])
  })
})

describe('where it cannot be had the reason is one line, a kernel is offered, and the built-in guest boots', () => {
  const noList = 'echo "E: Unable to locate package" >&2; exit 100'
  const updating = `for each; do case "$each" in Dir::State::lists=*) : >"\${each#*=}/x_Packages" ;; esac; done`
  const offline = 'echo "Err:1 bookworm"; echo "E: Failed to fetch bookworm: Temporary failure resolving" >&2; exit 100'
  const full = `case "$*" in *" update"*) exit 0 ;; *) echo "E: You don't have enough free space" >&2; exit 100 ;; esac`
  test.each([
    ['no apt', {}, '/nonexistent', 'no apt-cache on this system'],
    ['offline', { 'apt-cache': noList, 'apt-get': offline }, undefined, 'no package lists: '],
    ['no such package', { 'apt-cache': noList, 'apt-get': updating }, undefined, 'apt-cache: Unable to locate package'],
    ['no kernel in the package', { ...working, 'dpkg-deb': 'cat "$HOME/shell.tar"' }, undefined, 'holds no vmlinuz'],
    [
      'a damaged package',
      { ...working, 'dpkg-deb': 'echo "dpkg-deb: error: not a Debian archive" >&2; exit 2' },
      undefined,
      'not a Debian archive',
    ],
    ['half a package', { ...working, 'dpkg-deb': 'head -c 600 "$HOME/kernel.tar"' }, undefined, 'ends inside a member'],
    ['no room', { 'apt-cache': depends, 'apt-get': full }, undefined, 'no package lists'],
  ])('%s', async (_name, programs, paths, reason) => {
    const { run, cached } = user(programs, paths)
    const { status, stdout, stderr } = await run()
    const [line] = stderr.split('\n').filter((each) => each.startsWith('vmm: no default guest: '))
    expect(line).toContain(reason)
    expect(line).toMatch(/; --kernel \/boot\/vmlinuz-\S+ boots .*; booting the built-in guest$/)
    expect([stdout.includes(builtIn), status]).toEqual([true, 0])
    expect(cached().filter((name) => /^(debian|fetching)-/.test(name))).toEqual([])
  })

  test('but a command needs a guest with a shell: status 2', async () => {
    const { run } = user({}, '/nonexistent')
    const { status, stdout, stderr } = await run('--exec', 'true')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^vmm: no default guest: no apt-cache on this system; --kernel \/boot\/vmlinuz-\S+ boots [^\n]*\n$/,
    )
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s while the guest is fetched ends with %i, and leaves nothing half done', async (signal, status) => {
  const { env, cached, home } = user({ ...working, 'apt-get': `touch "$HOME/begun"; exec sleep 60` })
  const child = start(['run'], env)
  const result = finished(child)
  while (!existsSync(join(home, 'begun'))) await new Promise((resolve) => setTimeout(resolve, 20))
  child.kill(signal)
  const { status: got, stdout } = await result
  expect([got, stdout]).toEqual([status, ''])
  expect(cached()).not.toContain('lock')
  expect(cached().filter((name) => /^(debian|fetching)-/.test(name))).toEqual([])
})
