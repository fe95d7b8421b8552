"""What holds for all tests."""
import signal
import threading

# A shell that starts pytest in the background lets it ignore Ctrl-C, and with it every process that pytest starts; but
# some tests start one and press Ctrl-C in it.  With a handler here, those begin as if started in the foreground.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
