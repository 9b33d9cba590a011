import { bit, bits } from '@vmm/bits'

/** What every entry allows. Source: SDM 3C 29.3.2 EPT Translation Mechanism. */
const allowed = {
  READ:               bit ( 0,     'reads are allowed'),
  WRITE:              bit ( 1,     'writes are allowed'),
  EXECUTE:            bit ( 2,     'fetches are allowed; with mode-based execution, of supervisors'),
} as const

/** What entries say of a page, whatever its size. Source: SDM 3C 29.3.2 EPT Translation Mechanism, Tables 29-3, 29-5 and 29-7. */
const page = {
  ...allowed,
  MEMORY_TYPE:        bits( 5,  3, 'memory type'),
  IGNORE_PAT:         bit ( 6,     'the PAT does not count'),
  ACCESSED:           bit ( 8,     'accessed'),
  DIRTY:              bit ( 9,     'dirty'),
  EXECUTE_USER:       bit (10,     'fetches of users are allowed, with mode-based execution'),
  VERIFY_PAGING:      bit (57,     'guest paging is verified'),
  PAGING_WRITE:       bit (58,     'paging may write'),
  SUPERVISOR_SHADOW:  bit (60,     'supervisor shadow-stack page'),
  SUPPRESS_VE:        bit (63,     'violations are no virtualization exceptions'),
} as const

/**
 * The EPT pointer, and entries of EPT paging structures by what they refer to. Bits that no field names are ignored where the
 * manual says so, and else reserved.
 *
 * Source: SDM 3C 25.6.11 Extended-Page-Table Pointer (EPTP); SDM 3C 29.3.2 EPT Translation Mechanism.
 */
export const eptFormats = {
  POINTER: {
    MEMORY_TYPE:        bits( 2,  0, 'memory type of the structures'),
    LEVELS:             bits( 5,  3, 'levels of the walk, less one'),
    ACCESSED_DIRTY:     bit ( 6,     'accessed and dirty flags'),
    SUPERVISOR_SHADOW:  bit ( 7,     'supervisor shadow-stack pages count'),
    ADDRESS:            bits(51, 12, 'address of the first table'),
  },
  TABLE: {
    ...allowed,
    ACCESSED:           bit ( 8,     'accessed'),
    EXECUTE_USER:       bit (10,     'fetches of users are allowed, with mode-based execution'),
    ADDRESS:            bits(51, 12, 'address of the next table'),
  },
  PAGE_1G: {
    ...page,
    PAGE:               bit ( 7,     'a page, no table'),
    ADDRESS:            bits(51, 30, 'address of the page'),
  },
  PAGE_2M: {
    ...page,
    PAGE:               bit ( 7,     'a page, no table'),
    ADDRESS:            bits(51, 21, 'address of the page'),
  },
  PAGE_4K: {
    ...page,
    ADDRESS:            bits(51, 12, 'address of the page'),
    SUB_PAGE_WRITE:     bit (61,     'parts of the page may be written'),
  },
} as const

/**
 * Memory types: `[number, says]`. Numbers that are left out are reserved in EPT entries.
 *
 * Source: SDM 3C 29.3.7.2 Memory Type Used for Translated Guest-Physical Addresses; SDM 3A 12.3 Methods of Caching Available.
 */
export const memoryTypes = {
  UC: [0, 'uncacheable'],
  WC: [1, 'write combining'],
  WT: [4, 'write-through'],
  WP: [5, 'write-protected'],
  WB: [6, 'write-back'],
} as const
