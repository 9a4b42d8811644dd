"""Start nbval's kernels in the course's environment."""

from tools.kernel_environment import prepare_kernel_environment

prepare_kernel_environment()
