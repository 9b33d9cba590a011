import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildInitramfs } from './initramfs.ts'
import { fetchPackages, GuestUnavailable } from './packages.ts'

export interface Guest {
  readonly kernel: Uint8Array
  readonly initrd: Uint8Array
}

/** Debian's own cloud kernel and a busybox around it, from the cache or from apt. `VMM_GUEST_KERNEL` names another kernel. */
export async function defaultGuest(say: (line: string) => void): Promise<Guest> {
  const root = await fetchPackages(say)
  const boot = join(root, 'boot')
  const kernel =
    process.env['VMM_GUEST_KERNEL'] ??
    readdirSync(boot)
      .map((name) => join(boot, name))
      .find((path) => path.includes('/vmlinuz-'))
  if (kernel === undefined) throw new GuestUnavailable('the kernel package holds no vmlinuz')
  return { kernel: readFileSync(kernel), initrd: cachedInitramfs(root) }
}

/** Made once and kept beside the packages; the name changes with the recipe. */
function cachedInitramfs(root: string): Uint8Array {
  const path = join(root, 'initramfs-1.cpio')
  if (!existsSync(path)) {
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, buildInitramfs(root))
    renameSync(fresh, path)
  }
  return readFileSync(path)
}
