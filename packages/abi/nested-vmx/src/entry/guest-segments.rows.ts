import { sdm } from '@vmm/source'
import { all, any, atMost, type Condition, canonical, entry, equals, every, not, oneOf, ones, part, same, secondary, zeros } from './condition.ts'
import type { EntryChecks } from './entry-check.ts'
import { mixedControls } from './sound-vmcs.ts'

const source = sdm('3C', '27.3.1.2', 'Checks on Guest Segment Registers')
const upper = 0xffff_ffff_0000_0000n
const notCanonical = 0x8000_0000_0000n
const highest = 0x7fff_ffff_ffffn

type Data = 'DS' | 'ES' | 'FS' | 'GS'
type Code = 'CS' | 'SS' | Data
type Any = Code | 'TR' | 'LDTR'

const data = ['DS', 'ES', 'FS', 'GS'] as const
const code = ['CS', 'SS', ...data] as const
const virtual = ones('GUEST_RFLAGS', 1n << 17n)
const long = entry('IA32E_MODE')
const unrestricted = secondary('UNRESTRICTED_GUEST')
const rights = <Name extends Any>(name: Name) => `GUEST_${name}_AR_BYTES` as const
const usable = (name: Any) => zeros(rights(name), 1n << 16n)
const type = (name: Any) => part(rights(name), 3, 0)
const dpl = (name: Any) => part(rights(name), 6, 5)
const rpl = (name: Any) => part(`GUEST_${name}_SELECTOR`, 1, 0)
const descriptor = (name: Any, is: 0n | 1n) => (is === 1n ? ones(rights(name), 0x10n) : zeros(rights(name), 0x10n))
const present = (name: Any) => ones(rights(name), 0x80n)
const reserved = (name: Any) => zeros(rights(name), 0xfffe_0f00n)
const whereUsable = (of: (name: Any) => Condition) => (name: Any) => any(not(usable(name)), of(name))
/** CS is always looked at, whether it is unusable or not. */
const codeOrUsable = (of: (name: Code) => Condition) => all(of('CS'), every(['SS', ...data] as const, (name) => any(not(usable(name)), of(name))))

/** Granularity: a limit with low bits that are not all set counts bytes, one with high bits counts pages. */
const granular = (name: Any) =>
  all(
    any(ones(`GUEST_${name}_LIMIT`, 0xfffn), zeros(rights(name), 0x8000n)),
    any(zeros(`GUEST_${name}_LIMIT`, 0xfff0_0000n), ones(rights(name), 0x8000n)),
  )

/**
 * Checks of the guest's segment registers, in the manual's order.
 *
 * Source: SDM 3C 27.3.1.2 Checks on Guest Segment Registers.
 */
export const guestSegmentRows = {
  'tr-selector': {
    says: 'TR is of the global table',
    source,
    holds: zeros('GUEST_TR_SELECTOR', 4n),
    witness: { breaks: [[{ GUEST_TR_SELECTOR: 0x1cn }, { GUEST_TR_SELECTOR: 0x18n }]] },
  },
  'ldtr-selector': {
    says: 'LDTR, where it is usable, is of the global table',
    source,
    when: usable('LDTR'),
    holds: zeros('GUEST_LDTR_SELECTOR', 4n),
    witness: { breaks: [[{ GUEST_LDTR_AR_BYTES: 0x82n, GUEST_LDTR_SELECTOR: 4n }, { GUEST_LDTR_SELECTOR: 8n }]] },
  },
  'ss-selector': {
    says: 'SS has the requested privilege of CS, but in virtual-8086 mode and for unrestricted guests',
    source,
    when: not(any(virtual, unrestricted)),
    holds: same(rpl('SS'), rpl('CS')),
    witness: { breaks: [[{ GUEST_SS_SELECTOR: 0x13n }, { GUEST_SS_SELECTOR: 0x10n }]] },
  },
  'virtual-8086-base': {
    says: 'in virtual-8086 mode, the base of a segment is its selector times 16',
    source,
    when: virtual,
    holds: every(code, (name) => ({ op: 'shifted', base: `GUEST_${name}_BASE`, selector: `GUEST_${name}_SELECTOR` })),
    witness: {
      from: 'virtual-8086',
      breaks: [
        [{ GUEST_CS_BASE: 0x90n }, { GUEST_CS_BASE: 0x80n }],
        [{ GUEST_SS_SELECTOR: 0xffffn, GUEST_SS_BASE: 0xf_fff1n }, { GUEST_SS_BASE: 0xf_fff0n }],
        [{ GUEST_DS_SELECTOR: 1n }, { GUEST_DS_BASE: 16n }],
        [{ GUEST_ES_BASE: 1n << 32n }, { GUEST_ES_BASE: 0n }],
        [{ GUEST_FS_SELECTOR: 1n }, { GUEST_FS_BASE: 16n }],
        [{ GUEST_GS_SELECTOR: 1n }, { GUEST_GS_BASE: 16n }],
      ],
    },
  },
  'segment-base-canonical': {
    says: 'the bases of TR, FS and GS, and of LDTR where it is usable, are canonical',
    source,
    holds: all(canonical('GUEST_TR_BASE'), canonical('GUEST_FS_BASE'), canonical('GUEST_GS_BASE'), any(not(usable('LDTR')), canonical('GUEST_LDTR_BASE'))),
    witness: {
      breaks: [
        [{ GUEST_TR_BASE: notCanonical }, { GUEST_TR_BASE: highest }],
        [{ GUEST_FS_BASE: notCanonical }, { GUEST_FS_BASE: 0xffff_8000_0000_0000n }],
        [{ GUEST_GS_BASE: notCanonical }, { GUEST_GS_BASE: highest }],
        [{ GUEST_LDTR_BASE: notCanonical, GUEST_LDTR_AR_BYTES: 0x82n }, { GUEST_LDTR_AR_BYTES: 0x1_0000n }],
      ],
    },
  },
  'segment-base-32': {
    says: 'the base of CS, and those of SS, DS and ES where they are usable, are below 4 GiB',
    source,
    holds: all(zeros('GUEST_CS_BASE', upper), every(['SS', 'DS', 'ES'] as const, (name) => any(not(usable(name)), zeros(`GUEST_${name}_BASE`, upper)))),
    witness: {
      breaks: [
        [{ GUEST_CS_BASE: 1n << 32n }, { GUEST_CS_BASE: 0xffff_ffffn }],
        [{ GUEST_SS_BASE: 1n << 32n }, { GUEST_SS_AR_BYTES: 0x1_0000n }],
        [{ GUEST_DS_BASE: 1n << 32n }, { GUEST_DS_AR_BYTES: 0x1_0000n }],
        [{ GUEST_ES_BASE: 1n << 63n }, { GUEST_ES_BASE: 0n }],
      ],
    },
  },
  'virtual-8086-limit': {
    says: 'in virtual-8086 mode, every limit is FFFFH',
    source,
    when: virtual,
    holds: every(code, (name) => equals(`GUEST_${name}_LIMIT`, 0xffffn)),
    witness: {
      from: 'virtual-8086',
      breaks: code.map((name) => [{ [`GUEST_${name}_LIMIT`]: 0xfffen }, { [`GUEST_${name}_LIMIT`]: 0xffffn }] as const),
    },
  },
  'virtual-8086-rights': {
    says: 'in virtual-8086 mode, every segment is accessed writable data of privilege 3',
    source,
    when: virtual,
    holds: every(code, (name) => equals(rights(name), 0xf3n)),
    witness: {
      from: 'virtual-8086',
      breaks: code.map((name) => [{ [rights(name)]: 0x93n }, { [rights(name)]: 0xf3n }] as const),
    },
  },
  'cs-type': {
    says: 'CS is accessed code; in an unrestricted guest it may be accessed writable data',
    source,
    when: not(virtual),
    holds: any(oneOf(type('CS'), 9, 11, 13, 15), all(unrestricted, oneOf(type('CS'), 3))),
    witness: {
      breaks: [
        [{ GUEST_CS_AR_BYTES: 0xa09an }, { GUEST_CS_AR_BYTES: 0xa099n }],
        [{ ...mixedControls({ secondary: [] }), GUEST_CR4: 0x2000n, GUEST_CS_AR_BYTES: 0xc093n }, mixedControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] })],
      ],
    },
  },
  'ss-type': {
    says: 'SS, where it is usable, is accessed writable data',
    source,
    when: all(not(virtual), usable('SS')),
    holds: oneOf(type('SS'), 3, 7),
    witness: { breaks: [[{ GUEST_SS_AR_BYTES: 0xc091n }, { GUEST_SS_AR_BYTES: 0xc097n }], [{ GUEST_SS_AR_BYTES: 0xc09bn }, { GUEST_SS_AR_BYTES: 0x1_c09bn }]] },
  },
  'data-type': {
    says: 'DS, ES, FS and GS, where they are usable, are accessed, and readable where they are code',
    source,
    when: not(virtual),
    holds: every(data, whereUsable((name) => all(ones(rights(name), 1n), any(zeros(rights(name), 8n), ones(rights(name), 2n))))),
    witness: {
      breaks: data.flatMap((name) => [
        [{ [rights(name)]: 0xc092n }, { [rights(name)]: 0xc093n }] as const,
        [{ [rights(name)]: 0xc099n }, { [rights(name)]: 0xc09bn }] as const,
      ]),
    },
  },
  'segment-is-code-or-data': {
    says: 'CS, and the other segments where they are usable, are code or data',
    source,
    when: not(virtual),
    holds: codeOrUsable((name) => descriptor(name, 1n)),
    witness: { breaks: [[{ GUEST_CS_AR_BYTES: 0xa08bn }, { GUEST_CS_AR_BYTES: 0xa09bn }], [{ GUEST_SS_AR_BYTES: 0xc083n }, { GUEST_SS_AR_BYTES: 0x1_c083n }], [{ GUEST_GS_AR_BYTES: 0xc083n }, { GUEST_GS_AR_BYTES: 0xc093n }]] },
  },
  'cs-privilege': {
    says: 'code has the privilege of SS, conforming code no less; data in CS has privilege 0',
    source,
    when: not(virtual),
    holds: all(
      any(not(oneOf(type('CS'), 3)), oneOf(dpl('CS'), 0)),
      any(not(oneOf(type('CS'), 9, 11)), same(dpl('CS'), dpl('SS'))),
      any(not(oneOf(type('CS'), 13, 15)), atMost(dpl('CS'), dpl('SS'))),
    ),
    witness: {
      breaks: [
        [{ GUEST_CS_AR_BYTES: 0xa0fbn }, { GUEST_CS_AR_BYTES: 0xa09bn }],
        [{ GUEST_CS_AR_BYTES: 0xa0ffn }, { GUEST_CS_AR_BYTES: 0xa09fn }],
        [{ ...mixedControls({ secondary: ['EPT', 'UNRESTRICTED_GUEST'] }), GUEST_CR4: 0x2000n, GUEST_CS_AR_BYTES: 0xc0f3n }, { GUEST_CS_AR_BYTES: 0xc093n }],
      ],
    },
  },
  'ss-privilege': {
    says: 'SS has the privilege that its selector requests, but for unrestricted guests',
    source,
    when: not(any(virtual, unrestricted)),
    holds: same(dpl('SS'), rpl('SS')),
    witness: { breaks: [[{ GUEST_SS_AR_BYTES: 0xc0f3n, GUEST_CS_AR_BYTES: 0xa0fbn }, { GUEST_SS_SELECTOR: 0x13n, GUEST_CS_SELECTOR: 0x0bn }]] },
  },
  'ss-privilege-0': {
    says: 'SS has privilege 0 in real mode, and with data in CS',
    source,
    when: all(not(virtual), any(oneOf(type('CS'), 3), zeros('GUEST_CR0', 1n))),
    holds: oneOf(dpl('SS'), 0),
    witness: {
      from: 'real',
      breaks: [
        [{ GUEST_SS_AR_BYTES: 0xc0f3n, GUEST_CS_AR_BYTES: 0xfbn }, { GUEST_SS_AR_BYTES: 0xc093n, GUEST_CS_AR_BYTES: 0x9bn }],
        [{ GUEST_CR0: 0x31n, GUEST_SS_AR_BYTES: 0xc0f3n, GUEST_CS_AR_BYTES: 0x93n }, { GUEST_SS_AR_BYTES: 0xc093n }],
      ],
    },
  },
  'data-privilege': {
    says: 'the selectors of data and of non-conforming code in DS, ES, FS and GS, where they are usable, request no less privilege than there is, but for unrestricted guests',
    source,
    when: not(any(virtual, unrestricted)),
    holds: every(data, whereUsable((name) => any(not(atMost(type(name), 11)), atMost(rpl(name), dpl(name))))),
    witness: {
      breaks: data.flatMap((name) => [
        [{ [`GUEST_${name}_SELECTOR`]: 3n }, { [rights(name)]: 0xc0f3n }] as const,
        [{ [`GUEST_${name}_SELECTOR`]: 1n, [rights(name)]: 0xc09bn }, { [rights(name)]: 0xc09fn }] as const,
      ]),
    },
  },
  'segment-present': {
    says: 'CS, and the other segments where they are usable, are present',
    source,
    when: not(virtual),
    holds: codeOrUsable(present),
    witness: { breaks: [[{ GUEST_CS_AR_BYTES: 0xa01bn }, { GUEST_CS_AR_BYTES: 0xa09bn }], [{ GUEST_ES_AR_BYTES: 0xc013n }, { GUEST_ES_AR_BYTES: 0x1_c013n }]] },
  },
  'segment-reserved': {
    says: 'reserved access rights of CS, and of the other segments where they are usable, are clear',
    source,
    when: not(virtual),
    holds: codeOrUsable(reserved),
    witness: { breaks: [[{ GUEST_CS_AR_BYTES: 0xa19bn }, { GUEST_CS_AR_BYTES: 0xb09bn }], [{ GUEST_FS_AR_BYTES: 0x2_c093n }, { GUEST_FS_AR_BYTES: 0x3_c093n }]] },
  },
  'cs-size': {
    says: '64-bit code is not 32-bit code',
    source,
    when: all(not(virtual), long, ones(rights('CS'), 0x2000n)),
    holds: zeros(rights('CS'), 0x4000n),
    witness: { breaks: [[{ GUEST_CS_AR_BYTES: 0xe09bn }, { GUEST_CS_AR_BYTES: 0xc09bn }]] },
  },
  'segment-granularity': {
    says: 'limits of CS, and of the other segments where they are usable, are ones that their granularity can have',
    source,
    when: not(virtual),
    holds: codeOrUsable(granular),
    witness: { breaks: [[{ GUEST_CS_LIMIT: 0xffff_fffen }, { GUEST_CS_LIMIT: 0xfff_ffffn }], [{ GUEST_SS_LIMIT: 0x10_0000n, GUEST_SS_AR_BYTES: 0x4093n }, { GUEST_SS_LIMIT: 0xf_fffen }], [{ GUEST_GS_LIMIT: 0n }, { GUEST_GS_AR_BYTES: 0x1_c093n }]] },
  },
  'tr-type': {
    says: 'TR is a busy 32-bit TSS, or outside IA-32e mode a 16-bit one',
    source,
    holds: any(oneOf(type('TR'), 11), all(not(long), oneOf(type('TR'), 3))),
    witness: { breaks: [[{ GUEST_TR_AR_BYTES: 0x83n }, { ...mixedControls({}), GUEST_CR4: 0x2000n }], [{ GUEST_TR_AR_BYTES: 0x89n }, { GUEST_TR_AR_BYTES: 0x8bn }]] },
  },
  'tr-rights': {
    says: 'TR is a present system segment that is usable, and its reserved access rights are clear',
    source,
    holds: all(descriptor('TR', 0n), present('TR'), reserved('TR'), usable('TR')),
    witness: {
      breaks: [
        [{ GUEST_TR_AR_BYTES: 0x9bn }, { GUEST_TR_AR_BYTES: 0x8bn }],
        [{ GUEST_TR_AR_BYTES: 0x0bn }, { GUEST_TR_AR_BYTES: 0x8bn }],
        [{ GUEST_TR_AR_BYTES: 0x88bn }, { GUEST_TR_AR_BYTES: 0x8bn }],
        [{ GUEST_TR_AR_BYTES: 0x1_008bn }, { GUEST_TR_AR_BYTES: 0x8bn }],
      ],
    },
  },
  'tr-granularity': {
    says: 'the limit of TR is one that its granularity can have',
    source,
    holds: granular('TR'),
    witness: { breaks: [[{ GUEST_TR_LIMIT: 0x10_0000n }, { GUEST_TR_LIMIT: 0xf_ffffn }], [{ GUEST_TR_AR_BYTES: 0x808bn }, { GUEST_TR_LIMIT: 0xfffn }]] },
  },
  'ldtr-type': {
    says: 'LDTR, where it is usable, is a local descriptor table',
    source,
    when: usable('LDTR'),
    holds: oneOf(type('LDTR'), 2),
    witness: { breaks: [[{ GUEST_LDTR_AR_BYTES: 0x83n }, { GUEST_LDTR_AR_BYTES: 0x82n }]] },
  },
  'ldtr-rights': {
    says: 'LDTR, where it is usable, is a present system segment, and its reserved access rights are clear',
    source,
    when: usable('LDTR'),
    holds: all(descriptor('LDTR', 0n), present('LDTR'), reserved('LDTR')),
    witness: {
      breaks: [
        [{ GUEST_LDTR_AR_BYTES: 0x92n }, { GUEST_LDTR_AR_BYTES: 0x82n }],
        [{ GUEST_LDTR_AR_BYTES: 0x02n }, { GUEST_LDTR_AR_BYTES: 0x82n }],
        [{ GUEST_LDTR_AR_BYTES: 0x182n }, { GUEST_LDTR_AR_BYTES: 0x82n }],
      ],
    },
  },
  'ldtr-granularity': {
    says: 'the limit of LDTR, where it is usable, is one that its granularity can have',
    source,
    when: usable('LDTR'),
    holds: granular('LDTR'),
    witness: { breaks: [[{ GUEST_LDTR_AR_BYTES: 0x82n, GUEST_LDTR_LIMIT: 0x10_0000n }, { GUEST_LDTR_LIMIT: 0xffffn }]] },
  },
} as const satisfies EntryChecks
