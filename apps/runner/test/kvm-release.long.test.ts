import { describe, expect } from 'vitest'
import { guestTest, needsGuest } from './guests.ts'
import { reported } from './vmm.ts'

needsGuest()

const releases = '5.4 5.10 5.15 5.16.0 5.16.3 5.17 6.1 6.4 6.6 6.8 6.12 6.14 6.15 6.18 7.0'.split(' ')

describe.each(releases)('on the KVM of %s', (release) => {
  guestTest('Linux boots, and finds itself on KVM', async () => {
    const command = 'dmesg | grep -c "Hypervisor detected: KVM"'
    const { status, stdout, report } = await reported(['run', '--kvm', release, '--exec', command])
    expect([status, stdout]).toEqual([0, '1\n'])
    expect(report.kvm.startsWith(release)).toBe(true)
  })
})
