/**
 * Where a fact comes from. Every row of every table carries one, so that a reader can always open the book at the
 * right page.
 */
export type Source =
  | { readonly kind: 'sdm'; readonly volume: SdmVolume; readonly section: string; readonly title: string }
  | { readonly kind: 'apm'; readonly volume: AmdVolume; readonly section: string; readonly title: string }
  | { readonly kind: 'kernel-doc'; readonly path: string; readonly section: string }
  | { readonly kind: 'kernel-source'; readonly path: string; readonly symbol: string; readonly release: string }
  | { readonly kind: 'commit'; readonly id: string; readonly subject: string }
  | { readonly kind: 'mail'; readonly messageId: string; readonly subject: string }
  | { readonly kind: 'probe'; readonly probe: string; readonly seenOn: string }
  | { readonly kind: 'spec'; readonly document: string; readonly section: string }

/** A volume of Intel's Software Developer's Manual. */
export type SdmVolume = '1' | '2A' | '2B' | '2C' | '2D' | '3A' | '3B' | '3C' | '3D' | '4'
/** A volume of AMD's Architecture Programmer's Manual. */
export type AmdVolume = '1' | '2' | '3' | '4' | '5'

/**
 * The one edition of Intel's manual that section numbers refer to. Sections move between editions: moving to a new
 * one is one reviewed change, here.
 */
export const sdmEdition = '325462-087US'

/** Cites Intel's Software Developer's Manual: `sdm('3A', '2.5', 'Control Registers')`. */
export function sdm(volume: SdmVolume, section: string, title: string): Source {
  return { kind: 'sdm', volume, section, title }
}

/** Cites AMD's Architecture Programmer's Manual: `apm('2', '15.5', 'VMRUN Instruction')`. */
export function apm(volume: AmdVolume, section: string, title: string): Source {
  return { kind: 'apm', volume, section, title }
}

/** Cites the kernel's own documentation by path and section. */
export function kernelDoc(path: string, section: string): Source {
  return { kind: 'kernel-doc', path, section }
}

/** Cites kernel code by path, symbol and the release it was read in. */
export function kernelSource(path: string, symbol: string, release: string): Source {
  return { kind: 'kernel-source', path, symbol, release }
}

/** Cites a kernel commit by abbreviated id and subject line. */
export function commit(id: string, subject: string): Source {
  return { kind: 'commit', id, subject }
}

/** Cites a mail by Message-ID, without the angle brackets, and subject. */
export function mail(messageId: string, subject: string): Source {
  return { kind: 'mail', messageId, subject }
}

/** Cites an answer of a real CPU or kernel: the probe is in the repository, with the answer recorded beside it. */
export function probe(name: string, seenOn: string): Source {
  return { kind: 'probe', probe: name, seenOn }
}

/** Cites any other published document: a data sheet, ACPI, IEEE 754, a boot protocol. */
export function spec(document: string, section: string): Source {
  return { kind: 'spec', document, section }
}

/** One line that a person can follow. */
export function cite(source: Source): string {
  switch (source.kind) {
    case 'sdm':
      return `SDM ${source.volume} §${source.section} ${source.title}`
    case 'apm':
      return `APM ${source.volume} §${source.section} ${source.title}`
    case 'kernel-doc':
      return `${source.path} §${source.section}`
    case 'kernel-source':
      return `${source.path} ${source.symbol} (Linux ${source.release})`
    case 'commit':
      return `commit ${source.id} (“${source.subject}”)`
    case 'mail':
      return `https://lore.kernel.org/r/${source.messageId}`
    case 'probe':
      return `probe ${source.probe}, seen on ${source.seenOn}`
    case 'spec':
      return `${source.document} §${source.section}`
    default:
      return source satisfies never
  }
}
