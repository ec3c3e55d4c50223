# SPDX-License-Identifier: MIT
# complete.fish - fish, with the completions loaded, completes what a person types.
$PORTICO completion fish | source
touch $dir/afile.ini

function completes
    set -l said (complete -C $argv[1] | string replace -r '\t.*' '')
    test "$said" = "$argv[2]"; and return
    echo "$argv[1]: '$said', not '$argv[2]'"
    exit 1
end

completes 'portico prom' promote
completes 'portico -c x.ini statu' status
completes 'portico reload --c' --canary
completes 'portico soak --r' '--rate --reloads'
completes 'portico completion ' 'bash fish zsh'
completes "portico -c $dir/afi" $dir/afile.ini
completes "portico plugin $dir/afi" $dir/afile.ini
