/** What no application needs and what widens the kernel's attack surface. Numbers are those of x86-64 and of arm64. */

type Numbers = readonly [x64: number | undefined, arm64: number | undefined];

/** System calls that are denied with EPERM. */
export const DENIED_CALLS: { readonly [name: string]: Numbers } = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  create_module: [174, undefined],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  get_kernel_syms: [177, undefined],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioperm: [173, undefined],
  iopl: [172, undefined],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  mbind: [237, 235],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  move_pages: [279, 239],
  nfsservctl: [180, 42],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_madvise: [440, 440],
  query_module: [178, undefined],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  set_mempolicy: [238, 237],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  settimeofday: [164, 170],
  stime: [undefined, undefined],
  swapoff: [168, 225],
  swapon: [167, 224],
  sysfs: [139, undefined],
  syslog: [103, 116],
  umount: [undefined, undefined],
  umount2: [166, 39],
  unshare: [272, 97],
  uselib: [134, undefined],
  userfaultfd: [323, 282],
  vhangup: [153, 58],
  vm86: [undefined, undefined],
  vm86old: [undefined, undefined],
};

/** System calls that are looked at. */
export const CLONE: Numbers = [56, 220];
export const CLONE3: Numbers = [435, 435];
export const SOCKET: Numbers = [41, 198];

/** Flags of `clone` for namespaces. */
export const CLONE_NEW_NAMESPACES = 0x7e020000;
/** Families of sockets that are denied: AF_ALG and AF_VSOCK. */
export const DENIED_FAMILIES: readonly number[] = [38, 40];

export const EPERM = 1;
export const ENOSYS = 38;
