import { bytes, list, padding, said, u8, u16, u32, u64 } from '@vmm/layout'
import { kvmCpuid2 } from './cpuid-and-msrs.rows.ts'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_sev_cmd`. */
export const kvmSevCmd = uapi('kvm_sev_cmd', 'asm', 'A command about a SEV guest, the argument of KVM_MEMORY_ENCRYPT_OP.', {
  id:     said(u32, 'KVM_SEV_*.'),
  pad0:   padding(u32),
  data:   said(u64, 'Where in user space the command’s own struct is.'),
  error:  said(u32, 'Out: what the firmware answered.'),
  sev_fd: said(u32, '/dev/sev, opened.'),
})

/** `struct kvm_sev_init`. */
export const kvmSevInit = uapi('kvm_sev_init', 'asm', 'KVM_SEV_INIT2.', {
  vmsa_features: u64,
  flags:         said(u32, 'None is defined.'),
  ghcb_version:  u16,
  pad1:          padding(u16),
  pad2:          padding(list(u32, 8)),
})

/** `struct kvm_sev_launch_start`. */
export const kvmSevLaunchStart = uapi('kvm_sev_launch_start', 'asm', 'KVM_SEV_LAUNCH_START.', {
  handle:        u32,
  policy:        u32,
  dh_uaddr:      u64,
  dh_len:        u32,
  pad0:          padding(u32),
  session_uaddr: u64,
  session_len:   u32,
  pad1:          padding(u32),
})

/** `struct kvm_sev_launch_update_data`. */
export const kvmSevLaunchUpdateData = uapi('kvm_sev_launch_update_data', 'asm', 'KVM_SEV_LAUNCH_UPDATE_DATA.', {
  uaddr: u64,
  len:   u32,
  pad0:  padding(u32),
})

const packet = {
  hdr_uaddr:   u64,
  hdr_len:     u32,
  pad0:        padding(u32),
  guest_uaddr: u64,
  guest_len:   u32,
  pad1:        padding(u32),
  trans_uaddr: u64,
  trans_len:   u32,
  pad2:        padding(u32),
} as const

/** `struct kvm_sev_launch_secret`. */
export const kvmSevLaunchSecret = uapi('kvm_sev_launch_secret', 'asm', 'KVM_SEV_LAUNCH_SECRET.', packet)

/** `struct kvm_sev_launch_measure`. */
export const kvmSevLaunchMeasure = uapi('kvm_sev_launch_measure', 'asm', 'KVM_SEV_LAUNCH_MEASURE.', {
  uaddr: u64,
  len:   u32,
  pad0:  padding(u32),
})

/** `struct kvm_sev_guest_status`. */
export const kvmSevGuestStatus = uapi('kvm_sev_guest_status', 'asm', 'KVM_SEV_GUEST_STATUS.', {
  handle: u32,
  policy: u32,
  state:  u32,
})

/** `struct kvm_sev_dbg`. */
export const kvmSevDbg = uapi('kvm_sev_dbg', 'asm', 'KVM_SEV_DBG_DECRYPT and KVM_SEV_DBG_ENCRYPT.', {
  src_uaddr: u64,
  dst_uaddr: u64,
  len:       u32,
  pad0:      padding(u32),
})

/** `struct kvm_sev_attestation_report`. */
export const kvmSevAttestationReport = uapi('kvm_sev_attestation_report', 'asm', 'KVM_SEV_GET_ATTESTATION_REPORT.', {
  mnonce: bytes(16),
  uaddr:  u64,
  len:    u32,
  pad0:   padding(u32),
})

/** `struct kvm_sev_send_start`. */
export const kvmSevSendStart = uapi('kvm_sev_send_start', 'asm', 'KVM_SEV_SEND_START.', {
  policy:           u32,
  pad0:             padding(u32),
  pdh_cert_uaddr:   u64,
  pdh_cert_len:     u32,
  pad1:             padding(u32),
  plat_certs_uaddr: u64,
  plat_certs_len:   u32,
  pad2:             padding(u32),
  amd_certs_uaddr:  u64,
  amd_certs_len:    u32,
  pad3:             padding(u32),
  session_uaddr:    u64,
  session_len:      u32,
  pad4:             padding(u32),
})

/** `struct kvm_sev_send_update_data`. */
export const kvmSevSendUpdateData = uapi('kvm_sev_send_update_data', 'asm', 'KVM_SEV_SEND_UPDATE_DATA.', packet)

/** `struct kvm_sev_receive_start`. */
export const kvmSevReceiveStart = uapi('kvm_sev_receive_start', 'asm', 'KVM_SEV_RECEIVE_START.', {
  handle:        u32,
  policy:        u32,
  pdh_uaddr:     u64,
  pdh_len:       u32,
  pad0:          padding(u32),
  session_uaddr: u64,
  session_len:   u32,
  pad1:          padding(u32),
})

/** `struct kvm_sev_receive_update_data`. */
export const kvmSevReceiveUpdateData = uapi('kvm_sev_receive_update_data', 'asm', 'KVM_SEV_RECEIVE_UPDATE_DATA.', packet)

/** `struct kvm_sev_snp_launch_start`. */
export const kvmSevSnpLaunchStart = uapi('kvm_sev_snp_launch_start', 'asm', 'KVM_SEV_SNP_LAUNCH_START.', {
  policy: u64,
  gosvw:  said(bytes(16), 'The guest’s OS-visible workarounds.'),
  flags:  said(u16, 'None is defined.'),
  pad0:   padding(bytes(6)),
  pad1:   padding(list(u64, 4)),
})

/** `struct kvm_sev_snp_launch_update`. */
export const kvmSevSnpLaunchUpdate = uapi('kvm_sev_snp_launch_update', 'asm', 'KVM_SEV_SNP_LAUNCH_UPDATE.', {
  gfn_start: u64,
  uaddr:     u64,
  len:       said(u64, 'In bytes; what is left comes back.'),
  type:      said(u8, 'KVM_SEV_SNP_PAGE_TYPE_*.'),
  pad0:      padding(u8),
  flags:     said(u16, 'None is defined.'),
  pad1:      padding(u32),
  pad2:      padding(list(u64, 4)),
})

/** `struct kvm_sev_snp_launch_finish`. */
export const kvmSevSnpLaunchFinish = uapi('kvm_sev_snp_launch_finish', 'asm', 'KVM_SEV_SNP_LAUNCH_FINISH.', {
  id_block_uaddr: u64,
  id_auth_uaddr:  u64,
  id_block_en:    u8,
  auth_key_en:    u8,
  vcek_disabled:  u8,
  host_data:      bytes(32),
  pad0:           padding(bytes(3)),
  flags:          said(u16, 'None is defined.'),
  pad1:           padding(list(u64, 4)),
})

/** `struct kvm_tdx_cmd`. */
export const kvmTdxCmd = uapi('kvm_tdx_cmd', 'asm', 'A command about a TDX guest, the argument of KVM_MEMORY_ENCRYPT_OP.', {
  id:       said(u32, 'KVM_TDX_*.'),
  flags:    u32,
  data:     said(u64, 'Where in user space the command’s own struct is.'),
  hw_error: said(u64, 'Out: what the TDX module answered.'),
}, '6.18')

/** `struct kvm_tdx_capabilities`. */
export const kvmTdxCapabilities = uapi('kvm_tdx_capabilities', 'asm', 'KVM_TDX_CAPABILITIES; the table at the end has entries behind it.', {
  supported_attrs:           u64,
  supported_xfam:            u64,
  kernel_tdvmcallinfo_1_r11: u64,
  user_tdvmcallinfo_1_r11:   u64,
  kernel_tdvmcallinfo_1_r12: u64,
  user_tdvmcallinfo_1_r12:   u64,
  reserved:                  padding(list(u64, 250)),
  cpuid:                     kvmCpuid2,
}, '6.18')

/** `struct kvm_tdx_init_vm`. */
export const kvmTdxInitVm = uapi('kvm_tdx_init_vm', 'asm', 'KVM_TDX_INIT_VM; the table at the end has entries behind it.', {
  attributes:    u64,
  xfam:          u64,
  mrconfigid:    said(list(u64, 6), 'A SHA-384 digest, as are the next two.'),
  mrowner:       list(u64, 6),
  mrownerconfig: list(u64, 6),
  reserved:      padding(list(u64, 12)),
  cpuid:         kvmCpuid2,
}, '6.18')

/** `struct kvm_tdx_init_mem_region`. */
export const kvmTdxInitMemRegion = uapi('kvm_tdx_init_mem_region', 'asm', 'KVM_TDX_INIT_MEM_REGION.', {
  source_addr: u64,
  gpa:         u64,
  nr_pages:    u64,
}, '6.18')
