"""OpenMMLab's usual entry; the same as `mmskel test`."""
import sys

from mmskel.cli import program

if __name__ == '__main__':
    sys.exit(program(['test', *sys.argv[1:]]))
