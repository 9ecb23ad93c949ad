"""
Every error the harness raises on purpose:

HarnessError
  InputError         you are wrong: a file, a field, an argument (exit code 254)
    ScenarioError    ... a scenario file; one line per error, each with its position
    EntityError      ... a value or text that is no worker identity or membership record
  ClusterError       a process, a namespace or etcd did not do what it was told (exit code 255)
    NotReadyError    ... within its deadline
    EtcdError        etcd answered that it cannot
      EtcdUnreachable  etcd did not answer: nobody knows whether the call took effect
"""


class HarnessError(Exception):
    """Base of everything below; the command line prints it in one line, without a traceback."""


class InputError(HarnessError):
    """What the user gave is wrong; nothing was started."""


class ScenarioError(InputError):
    """The scenario file is wrong; the message has one line per error, in file order."""


class EntityError(InputError):
    """A text or value is not a worker identity or membership record."""


class ClusterError(HarnessError):
    """A process, a namespace or etcd did not do what it was told."""


class NotReadyError(ClusterError):
    """A condition was not met within its deadline."""


class EtcdError(ClusterError):
    """etcd answered, and the answer is no."""


class EtcdUnreachable(EtcdError):
    """etcd did not answer in time: the call may or may not have taken effect."""
