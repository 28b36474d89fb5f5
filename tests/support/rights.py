"""The right to make networks: root's own, or an ordinary user's in a user namespace of this process.

There the process keeps its user, so that PostgreSQL still starts, and hands the few rights that networks need on to
all that it starts. Files, other processes and the machine's own network are as far away as before.
"""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Final

from lab.keeper_process import may_make_namespaces

NOT_ALLOWED: Final = "this system lets only root make networks: use sudo, or allow user namespaces"

_NEW_USERS: Final = 0x10000000  # CLONE_NEWUSER
_VERSION: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_AMBIENT, _RAISE = 47, 2  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE
_NEEDED: Final = (10, 12, 13, 18, 21)  # CAP_NET_BIND_SERVICE, _NET_ADMIN, _NET_RAW, _SYS_CHROOT, _SYS_ADMIN
_libc = ctypes.CDLL(None, use_errno=True)


@cache
def may_make_networks() -> bool:
    """Say whether this process may; enter a user namespace of its own if that is what it takes.

    Where it does, this has to be called before there is a second thread.
    """
    return may_make_namespaces() or _enter_users()


def _enter_users() -> bool:
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_NEW_USERS):
        return False
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")
    rights = sum(1 << each for each in _NEEDED)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)(rights, rights, rights, 0, 0, 0)))
    for each in _NEEDED:
        _checked(_libc.prctl(_AMBIENT, _RAISE, each, 0, 0))
    return True


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
