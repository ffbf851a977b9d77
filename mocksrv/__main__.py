"""``python -m mocksrv`` is the same as the console script ``mocksrv``."""

from mocksrv.cli import main

if __name__ == "__main__":
    main()
