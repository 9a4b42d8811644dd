"""Start nbval's kernels in the course's environment."""

from course.environment.kernel import prepare_kernel_environment

prepare_kernel_environment()
