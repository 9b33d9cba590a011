import {
  al,
  assembler,
  ax,
  cr0,
  cx,
  dl,
  ds,
  eax,
  ebx,
  ecx,
  edi,
  es,
  esi,
  esp,
  far,
  mem,
  mem8,
  mem16,
  si,
  sp,
  ss,
} from '@vmm/x86-assembler'

const sectorBytes = 512
/** Sectors read at once: all BIOSes can do as many. */
const chunk = 64
/** Where a PC's firmware puts the sector, and where the image waits below 1 MiB. */
const [bootAt, waitAt, imageAt] = [0x7c00, 0x1_0000, 0x10_0000]
/** A multiboot header with addresses has the entry here. */
const entryOffset = 28
const multibootMagic = 0x2bad_b002

/** One cylinder of 16 heads and 63 sectors: what the geometry given to Bochs says. */
export const geometry = { cylinders: 1, heads: 16, sectors: 63 } as const

/** A disk that starts a multiboot image by itself: a boot sector, then the image. */
export function bootDisk(image: Uint8Array): Uint8Array {
  const disk = new Uint8Array(geometry.cylinders * geometry.heads * geometry.sectors * sectorBytes)
  const chunks = Math.ceil(image.length / (chunk * sectorBytes))
  const entry = new DataView(image.buffer, image.byteOffset).getUint32(entryOffset, true)
  disk.set(bootSector(chunks, entry))
  disk.set(image, sectorBytes)
  return disk
}

function bootSector(chunks: number, entry: number): Uint8Array {
  const a = assembler({ origin: bootAt, codeSize: 16 })
  a.cli().xor(ax, ax).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(sp, bootAt).mov(mem8('drive'), dl).mov(cx, chunks)
  a.label('read').push(cx).mov(si, 'packet').mov(dl, mem8('drive')).mov(ax, 0x4200).int(0x13).jb('failed')
  a.add(mem16('segment'), (chunk * sectorBytes) / 16)
    .add(mem16('sector'), chunk)
    .pop(cx)
    .loop('read')
  // the A20 gate by port 92H, then protected mode
  a.in(al, 0x92).or(al, 2).out(0x92, al).lgdt(mem('gdtr')).mov(eax, cr0).or(al, 1).mov(cr0, eax).jmpf(far(8, 'wide'))
  a.label('failed').hlt().jmp('failed')
  a.bits(32).label('wide').mov(eax, 0x10).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(esp, bootAt).cld()
  a.mov(esi, waitAt)
    .mov(edi, imageAt)
    .mov(ecx, (chunks * chunk * sectorBytes) / 4)
    .rep()
    .movsd()
  a.mov(eax, multibootMagic).xor(ebx, ebx).mov(ecx, entry).jmp(ecx)
  a.align(8).label('gdt').dq(0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn).label('gdtr').dw(23).dd('gdt')
  a.align(4)
    .label('packet')
    .dw(16, chunk, 0)
    .label('segment')
    .dw(waitAt / 16)
    .label('sector')
    .dq(1n)
  a.label('drive').db(0)
  a.org(bootAt + sectorBytes - 2).dw(0xaa55)
  return a.finish().bytes
}
