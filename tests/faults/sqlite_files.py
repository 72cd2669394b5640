"""Records what SQLite does to files, with the SQLite and the code that the server runs on.

The functions that open, write and sync files are those of a VFS, a table that SQLite lets anybody register. The one
here is SQLite's own with five of its functions replaced by ones that do the same and take note. It is registered as
the default, so that what opens a database needs to know nothing of it. Files opened meanwhile must be closed first.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, Final, Protocol

OK: Final = 0
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_OPEN_DIRECTORY = CFUNCTYPE(c_int, c_char_p, POINTER(c_int))
_SET_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_GET_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)


class _Methods(Structure):
    """`sqlite3_io_methods`: what can be done with an open file."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        ("others", c_void_p * 13),
    )


class _File(Structure):
    """`sqlite3_file`: the beginning of an open file, whatever follows."""

    _fields_ = (("methods", POINTER(_Methods)),)


class _Vfs(Structure):
    """`sqlite3_vfs`: how files are opened."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
        ("others", c_void_p * 11),
        ("set_call", _SET_CALL),
        ("get_call", _GET_CALL),
        ("next_call", c_void_p),
    )


class Notebook(Protocol):
    """Takes note of what is done to files. Files are known by their path, and once open by a number."""

    def opened(self, path: Path, *, is_new: bool) -> int | None:
        """Returns the number of a file that is open now, None when it is none of ours."""
        ...

    def wrote(self, number: int, offset: int, data: bytes) -> None:
        """Takes note of a write."""
        ...

    def truncated(self, number: int, size: int) -> None:
        """Takes note of a new size."""
        ...

    def syncing(self, number: int) -> Callable[[], None]:
        """Takes note that a sync begins; returns what is to be called when it is over."""
        ...

    def deleted(self, path: Path) -> None:
        """Takes note of a name that is gone."""
        ...

    def synced_names(self, directory: Path) -> None:
        """Takes note that the names of a directory are synced."""
        ...


class NoRecordingError(Exception):
    """Reports a Python whose SQLite can not be reached."""


@contextmanager
def recorded_files(notebook: Notebook) -> Iterator[None]:
    """Has a notebook told what SQLite does to files that are opened within.

    Raises:
      NoRecordingError: when this Python hides its SQLite.
    """
    library = sqlite_library()
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    usual = library.sqlite3_vfs_find(None)
    recorder = _Recorder(usual.contents, notebook)
    _register(library, recorder.vfs)
    try:
        with recorder.directories():
            yield
    finally:
        _register(library, usual.contents)
        library.sqlite3_vfs_unregister(ctypes.byref(recorder.vfs))


def sqlite_library() -> Any:
    """Returns the SQLite that module sqlite3 runs on, whichever others the machine has; raises NoRecordingError."""
    try:
        library = ctypes.CDLL(_sqlite3.__file__)  # a library is searched together with those that it was linked with
        library.sqlite3_vfs_register  # noqa: B018 -- looks it up
    except (AttributeError, OSError) as error:
        raise NoRecordingError(f"the SQLite of this Python can not be reached: {error}") from error
    return library


def _register(library: Any, vfs: _Vfs) -> None:
    """Makes a VFS the one that files are opened with."""
    result = library.sqlite3_vfs_register(ctypes.byref(vfs), 1)
    assert result == OK, f"SQLite takes no VFS: {result}"


class _Recorder:
    """The replaced functions. Each is called by SQLite, on whatever thread."""

    def __init__(self, usual: _Vfs, notebook: Notebook) -> None:
        self._usual = usual
        self._notebook = notebook
        self._lock = threading.Lock()
        self._numbers: dict[int, int] = {}
        self._tables: dict[int, tuple[_Methods, _Methods]] = {}
        self.vfs = _Vfs.from_buffer_copy(usual)
        self.vfs.name = b"recorded"
        self.vfs.open = _OPEN(self._open)
        self.vfs.delete = _DELETE(self._delete)

    @contextmanager
    def directories(self) -> Iterator[None]:
        """Sees which directories SQLite opens, which it does only to sync them."""
        name, vfs = b"openDirectory", ctypes.addressof(self._usual)
        usual = self._usual.get_call(vfs, name)
        open_directory = _OPEN_DIRECTORY(usual)

        def noted(path: bytes, handle: Any) -> int:
            result: int = open_directory(path, handle)
            if result == OK:
                self._notebook.synced_names(Path(path.decode()).parent)
            return result

        replaced = _OPEN_DIRECTORY(noted)
        self._usual.set_call(vfs, name, ctypes.cast(replaced, c_void_p))
        try:
            yield
        finally:
            self._usual.set_call(vfs, name, usual)

    def _open(self, vfs: int, name: int | None, file: int, flags: int, flags_out: int | None) -> int:
        if name is None:  # a temporary file, which nobody finds again
            return int(self._usual.open(vfs, name, file, flags, flags_out))
        path = Path(ctypes.string_at(name).decode())
        with self._lock:  # or two connections would both find that a file is new
            is_new = not path.exists()
            result: int = self._usual.open(vfs, name, file, flags, flags_out)
            number = self._notebook.opened(path, is_new=is_new) if result == OK else None
        if number is not None:
            self._numbers[file] = number
            opened = _File.from_address(file)
            opened.methods = ctypes.pointer(self._recording(opened.methods.contents))
        return result

    def _delete(self, vfs: int, name: bytes, sync_directory: int) -> int:
        path = Path(name.decode())
        with self._lock:
            if path.exists():
                self._notebook.deleted(path)  # before it happens, as SQLite may go on to sync the directory
            result: int = self._usual.delete(vfs, name, sync_directory)
        return result

    def _recording(self, usual: _Methods) -> _Methods:
        """Returns a table of functions of files with those replaced that change something."""
        at = ctypes.addressof(usual)
        if at not in self._tables:
            methods = _Methods.from_buffer_copy(usual)

            def write(file: int, data: int, size: int, offset: int) -> int:
                self._notebook.wrote(self._numbers[file], offset, ctypes.string_at(data, size))
                result: int = usual.write(file, data, size, offset)
                return result

            def truncate(file: int, size: int) -> int:
                self._notebook.truncated(self._numbers[file], size)
                result: int = usual.truncate(file, size)
                return result

            def sync(file: int, flags: int) -> int:
                finish = self._notebook.syncing(self._numbers[file])
                result: int = usual.sync(file, flags)
                if result == OK:
                    finish()
                return result

            methods.write, methods.truncate, methods.sync = _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
            self._tables[at] = methods, usual
        return self._tables[at][0]
